"""A stack beside the first one on the same engine, by default without the sample: `PROJECT=second make up`."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ops import settings
from tests.support import stack
from tests.support.loki import Loki
from tests.support.ports import free_port
from tests.support.prometheus import Prometheus

PROJECT = "second"
ENVIRONMENT = {"PROJECT": PROJECT, "ENV": "sandbox", "SAMPLE": "off", "TRACING": "off", "PORT_OFFSET": "0"}
START_SECONDS = 300
# Alerts that a machine which is busy with other work, such as other stacks, may cause: no fault of this one's.
OF_THE_MACHINE = r"Host\w+|Container(Cpu|Memory)|HttpLatency\w+|ErrorBudget\w+"


class SecondStack:
    """`folder` is the checkout that it runs from."""

    def __init__(self, folder: Path = stack.ROOT, /, **more: str) -> None:
        self.folder = folder
        # Of 10000 more than the first one's ports another program may have one.
        self._environment = ENVIRONMENT | {name: str(free_port()) for name in settings.PORTS} | more
        with patch.dict(os.environ, self._environment):
            self.settings = settings.load()
        self.prometheus = Prometheus(self.url("PROMETHEUS_PORT"))
        self.loki = Loki(self.url("LOKI_PORT"))

    def url(self, port: str) -> str:
        return f"http://{self.settings.host}:{self.settings[port]}"

    def make(self, *arguments: str, timeout: float = START_SECONDS) -> str:
        return stack.run("make", "-s", *arguments, timeout=timeout, env=self._environment, folder=self.folder)

    def compose(self, *arguments: str, timeout: float = 60) -> str:
        return stack.compose(*arguments, timeout=timeout, env=self._environment, folder=self.folder)

    def plant_block(self, text: str) -> None:
        """A block of Prometheus' from text in OpenMetrics' format; it is found within a minute."""
        made = "cat >planted && TMPDIR=. promtool tsdb create-blocks-from openmetrics planted . && rm planted"
        fed = ("sh", "-c", f'printf %s "$0" | {{ {made}; }}', text)
        self.compose("exec", "-T", "prometheus", *fed, timeout=120)

    @property
    def secrets(self) -> Path:
        return self.folder / self.settings.secrets.relative_to(stack.ROOT)

    @contextmanager
    def in_place_of_the_first(self) -> Iterator[None]:
        """Meanwhile it is the one that everything in tests/support and ops means."""
        with patch.dict(os.environ, self._environment):
            _forget_settings()
            try:
                yield
            finally:
                _forget_settings()


def _forget_settings() -> None:
    stack.loaded_settings.cache_clear()
    stack.expected_services.cache_clear()


def left(project: str) -> list[str]:
    """The containers, volumes and networks that the engine has of a Compose project."""
    own = f"label=com.docker.compose.project={project}"
    # Checks of other tests run in containers that are gone at once.
    kinds = (("container", "--all", "--filter=label=com.docker.compose.oneoff=False"), ("volume",), ("network",))
    found = [stack.run("docker", kind, "ls", "-q", *more, "--filter", own).split() for kind, *more in kinds]
    return sorted(each for some in found for each in some)


def state(project: str, secrets: Path) -> dict[str, Any]:
    """What no command for another stack may change."""
    found = (path for path in secrets.rglob("*") if path.is_file())
    files = {str(path.relative_to(secrets)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
    return {"engine": left(project), "secrets": files}
