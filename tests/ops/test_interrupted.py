"""Ctrl-C at any moment of a start, on the real engine: the next start ends as if there had been none."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from ops.stack import Stack
from ops.start import start
from tests.ops.test_start import GOOD, ONCE, PROJECT, SLOW, project, states, write  # noqa: F401 - project is a fixture
from tests.support.stack import ROOT, run
from tests.support.wait import eventually

OWN = f"label=com.docker.compose.project={PROJECT}"
# As `make up` from a terminal: the signal goes to the whole group, Compose too.
PROGRAM = """
import json, sys
from pathlib import Path
from ops.settings import Settings
from ops.stack import Stack
from ops.start import start
start(Stack(Settings(json.loads(sys.argv[1]), {}), "official", root=Path(sys.argv[2])))
"""
OTHER = {**SLOW, "environment": {"CHANGED": "yes"}}


def listed(kind: str, *arguments: str) -> list[str]:
    return run("docker", kind, "ls", "--quiet", "--filter", OWN, *arguments).split()


# By name what the engine has when the signal is sent.
POINTS: dict[str, Callable[[], object]] = {
    "its network": lambda: listed("network"),
    "a container": lambda: listed("container", "--all"),
    "a container that runs": lambda: listed("container"),
}


def interrupt(project: Stack, what: str, reached: Callable[[], object]) -> None:  # noqa: F811 - no fixture here
    given = [sys.executable, "-c", PROGRAM, json.dumps(project.settings.values), str(project.root)]
    with subprocess.Popen(given, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL) as process:
        try:
            eventually(reached, what, 60, interval=0.05)
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(timeout=30) != 0
        finally:
            process.kill()


@pytest.mark.thorough
@pytest.mark.parametrize("point", POINTS)
def test_a_first_start(point: str, project: Stack) -> None:  # noqa: F811
    write(project, slow=SLOW, once=ONCE)
    interrupt(project, point, POINTS[point])
    start(project)
    eventually(lambda: states(project), "both services as they should be", 10, until=GOOD.__eq__)


def test_a_start_that_puts_a_new_container_in_the_place_of_an_old_one(project: Stack) -> None:  # noqa: F811
    write(project, slow=SLOW, once=ONCE)
    start(project)
    before = set(listed("container", "--all"))
    write(project, slow=OTHER, once={**ONCE, "environment": OTHER["environment"]})
    interrupt(project, "another container", lambda: set(listed("container", "--all")) - before)
    again = Stack(project.settings, "official", root=project.root)  # what is read of the files is kept
    start(again)
    eventually(lambda: states(again), "both services as they should be", 10, until=GOOD.__eq__)
    environments = run("docker", "inspect", "--format", "{{.Name}} {{.Config.Env}}", *listed("container", "--all"))
    assert sorted(line.split(maxsplit=1)[0] for line in environments.splitlines()) == [
        f"/{PROJECT}-once-1",
        f"/{PROJECT}-slow-1",
    ]
    assert environments.count("CHANGED=yes") == 2
