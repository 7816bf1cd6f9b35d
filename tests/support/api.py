"""What the clients of the programs' HTTP APIs share."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import requests

from tests.support import stack


class Api:
    """The JSON API of a service below `root`, by default where this machine's stack publishes it."""

    service: ClassVar[str]
    root: ClassVar[str]
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, base: str | None = None) -> None:
        self.base = base or stack.url(self.service)

    def get(self, path: str, **parameters: Any) -> Any:
        return self.send("GET", path, **parameters).json()

    def send(self, method: str, path: str, **parameters: Any) -> requests.Response:
        """A refusal becomes an AssertionError with the program's own words."""
        address = f"{self.base}{self.root}/{path}"
        answer = requests.request(method, address, params=parameters, headers=self.headers, timeout=20)
        if not answer.ok:
            said = f"{answer.status_code} {answer.text.strip()}"
            raise AssertionError(f"{self.service} refused {path} {parameters}: {said}")
        return answer
