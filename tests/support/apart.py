"""A few of the stack's services as a Compose project of their own, which the stack neither sees nor touches."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support import stack

NETWORKS = """
networks:
  observability: {{name: {project}_observability}}
"""


class Apart:
    def __init__(self, project: str, file: Path, ports: dict[str, str]) -> None:
        self._options = ("-f", str(file), "-p", project)
        self._ports = ports

    def compose(self, *arguments: str) -> str:
        return stack.compose(*self._options, *arguments, timeout=300, env=self._ports)

    def health(self, service: str) -> str:
        return str(json.loads(self.compose("ps", "--format", "json", service))["Health"])


@contextmanager
def running(project: str, overlay: str, *services: str, ports: dict[str, str] | None = None) -> Iterator[Apart]:
    """`overlay` is YAML that Compose merges in, `ports` are settings such as INBOX_PORT.

    The overlay has to take the labels from what starts (`labels: !reset null`): by them the stack's own collectors
    find containers.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "apart.yaml"
        file.write_text(overlay + NETWORKS.format(project=project), encoding="utf-8")
        apart = Apart(project, file, ports or {})
        try:
            # An interrupted run's volumes have passwords that this checkout may not know.
            apart.compose("down", "--volumes", "--timeout", "1")
            apart.compose("up", "--detach", "--wait", *services)
            yield apart
        finally:
            apart.compose("down", "--volumes", "--timeout", "1")
