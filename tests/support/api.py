"""What the clients of the programs' HTTP APIs share."""

from typing import Any, ClassVar

import requests

from tests.support import stack


class Api:
    """The JSON API of a service below `root`, by default where this machine's stack publishes it."""

    service: ClassVar[str]
    root: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, base: str | None = None) -> None:
        self.base = base or stack.url(self.service)

    def get(self, path: str, **parameters: Any) -> Any:
        """A refusal becomes an AssertionError with the program's own words."""
        answer = requests.get(f"{self.base}{self.root}/{path}", params=parameters, headers=self.headers, timeout=20)
        if not answer.ok:
            said = f"{answer.status_code} {answer.text.strip()}"
            raise AssertionError(f"{self.service} refused {path} {parameters}: {said}")
        return answer.json()
