"""What a stack's containers have written, also after they were removed: hard links to Docker's files.

Compared with Loki as `make log-audit` does, which only sees containers that are still there.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from logkeeper import engine
from logkeeper.compare import Result, plain
from logkeeper.engine import NANOSECONDS, Container, Key, Line, nanoseconds
from logkeeper.entries import entries
from logkeeper.loki import Loki
from tests.support import stack


class Written:
    def __init__(self, project: str, folder: Path) -> None:
        self._project = project
        self._folder = folder
        self._containers: dict[str, Container] = {}

    def hold(self) -> None:
        """Keep the files of all containers that are there now; to be called again once there are others.

        Not of one-shots: Promtail may not find at all what lives for seconds.
        """
        of_project = f"label=com.docker.compose.project={self._project}"
        for each in stack.run("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", of_project).split():
            found = json.loads(stack.run("docker", "inspect", each))[0]
            labels, log = found["Config"]["Labels"], Path(found["LogPath"])
            if found["HostConfig"]["RestartPolicy"]["Name"] == "no" or "observability.application" not in labels:
                continue
            if each not in self._containers and log.is_file():
                os.link(log, self._folder / each)
                self._containers[each] = engine.container({"Id": each, "Labels": labels, "Names": [found["Name"]]})

    def compared(self, loki: str, begin: float, end: float) -> dict[Key, Result]:
        """The lines from one Unix second to another, by application, env and service."""
        window = int(begin) * NANOSECONDS, int(end) * NANOSECONDS
        written: dict[Key, list[Line]] = {}
        for identity, container in self._containers.items():
            found = entries(_lines(self._folder / identity), container.log_format)
            mine = [plain(each) for each in found if window[0] < nanoseconds(each.stamp) <= window[1]]
            written.setdefault(container.key, []).extend(mine)
        store = Loki(urlsplit(loki).netloc)
        results = {}
        for key, lines in sorted(written.items()):
            results[key] = Result()
            results[key].add(lines, map(plain, store.lines(key, *window)))
        return results


def _lines(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8") as rows:
        yield from engine.joined(_piece(json.loads(row)) for row in rows if row.endswith("\n"))


def _piece(row: dict[str, str]) -> tuple[str, bytes]:
    """As Docker's API has it, whose times have nine digits always."""
    seconds, _, fraction = row["time"].removesuffix("Z").partition(".")
    return row["stream"], f"{seconds}.{fraction:0<9}Z {row['log']}".encode()


@contextmanager
def held(project: str) -> Iterator[Written]:
    """Beside Docker's own folder, for hard links don't reach another file system."""
    root = stack.run("docker", "info", "--format", "{{.DockerRootDir}}").strip()
    with tempfile.TemporaryDirectory(dir=root, prefix="tests-") as folder:
        found = Written(project, Path(folder))
        found.hold()
        yield found
