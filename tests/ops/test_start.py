"""Starting a tiny project on the real engine: what runs on is awaited, what runs once is judged by its exit status."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops import named
from ops import start as starting
from ops.commands import current
from ops.console import OpsError
from ops.settings import Settings
from ops.stack import Stack
from ops.start import start
from tests.support.stack import run
from tests.support.wait import eventually, lasts

PROJECT = "erp-observability-start-test"
READY = "database system is ready to accept connections"
SLOW: dict[str, Any] = {
    "command": ["sh", "-c", "sleep 3; touch /tmp/healthy; exec sleep infinity"],
    "healthcheck": {"test": ["CMD", "test", "-f", "/tmp/healthy"], "interval": "1s", "retries": 9},  # noqa: S108
}
# Compose lists it while it runs, and half a second later, at its first look, finds it exited.
ONCE: dict[str, Any] = {"command": ["sleep", "0.2"], "restart": "no"}
GOOD = {"slow": "healthy", "once": "exited"}
FAILING: dict[str, Any] = {"command": ["sh", "-c", "sleep 1; echo the table is gone >&2; exit 3"], "restart": "no"}


@pytest.fixture
def project(tmp_path: Path, settings: Settings) -> Iterator[Stack]:
    for file in named.FILES.values():
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).touch()
    yield Stack(Settings({**settings.values, "PROJECT": PROJECT}, {}), "official", root=tmp_path)
    label = f"label=com.docker.compose.project={PROJECT}"
    if left := run("docker", "ps", "--all", "--quiet", "--filter", label).split():
        run("docker", "rm", "--force", "--volumes", *left)
    if networks := run("docker", "network", "ls", "--quiet", "--filter", label).split():
        run("docker", "network", "rm", *networks)


def write(project: Stack, **services: dict[str, Any]) -> None:
    common = {
        "image": current().model["services"]["alertmanager-config"]["image"],
        "pull_policy": "never",
        "stop_signal": "SIGKILL",
    }
    composition = {"services": {name: {**common, **definition} for name, definition in services.items()}}
    (project.root / "compose.yaml").write_text(json.dumps(composition), encoding="utf-8")


def states(project: Stack) -> dict[str, str]:
    return {each["Service"]: each["Health"] or each["State"] for each in project.containers()}


def test_a_one_shot_that_nothing_waits_for_ends_well_beside_a_slow_service(project: Stack) -> None:
    write(project, slow=SLOW, once=ONCE)
    start(project)
    # `docker wait` may return a moment before `docker ps` knows.
    eventually(lambda: states(project), "both as they should be", 5, until=lambda found: found == GOOD)
    start(project)


@pytest.mark.parametrize("awaited", [False, True])
def test_a_failing_one_shot_is_told_with_its_last_lines(project: Stack, *, awaited: bool) -> None:
    needs = {"depends_on": {"failing": {"condition": "service_completed_successfully"}}} if awaited else {}
    write(project, slow={**SLOW, **needs}, failing=FAILING)
    with pytest.raises(OpsError, match=r"failing (is Exited \(3\)|ended with exit status 3)(.|\n)*the table is gone"):
        start(project)


def test_a_database_whose_first_start_was_interrupted_says_what_to_do(project: Stack) -> None:
    """It is there, and has none of the roles that the first start makes at its end."""
    write(project, database=_database(project, interval="1s", retries=20, start_period="0s"))
    with pytest.raises(
        OpsError, match=r"database is .*unhealthy(.|\n)*has 0 of the roles erp and exporter, expected 2"
    ):
        start(project)


def test_a_health_check_that_takes_too_long_is_no_crash_of_the_database(project: Stack) -> None:
    """Docker kills it; what it had started would be a child of the server."""
    write(project, database=_database(project, interval="1s", timeout="1s", retries=20, start_period="30s"))
    project.compose("up", "--detach", timeout=60)
    (container,) = project.containers()
    name = container["Name"]
    logs = ("docker", "logs", name)
    eventually(
        lambda: _said(*logs), "two starts, the first one being temporary", 60, until=lambda text: text.count(READY) == 2
    )
    run("docker", "kill", "--signal", "STOP", name)
    try:
        streak = ("docker", "inspect", "--format", "{{range .State.Health.Log}}{{.Output}}{{end}}", name)
        eventually(
            lambda: run(*streak), "a check that took too long", 30, until=lambda text: "exceeded timeout" in text
        )
        # pg_isready, which was a child of the check's shell, gives up after 3 s.
        lasts(5, "the server is stopped")
    finally:
        run("docker", "kill", "--signal", "CONT", name)
    psql = ("docker", "exec", name, "psql", "--username=postgres", "--tuples-only", "--command=SELECT 1")
    eventually(lambda: run(*psql), "an answer", 30)
    assert [line for line in _said(*logs).splitlines() if "server process" in line] == []


def _database(project: Stack, **check: Any) -> dict[str, Any]:
    """The sample's, with nothing in it, and another timing of its health check."""
    database = current().model["services"]["erp-db"]
    kept = {key: database[key] for key in ("image", "command", "user", "environment", "tmpfs")}
    password = project.root / "password"
    password.write_text("a password of this test\n", encoding="utf-8")
    mounts = [mount for mount in database["volumes"] if mount["target"].endswith("healthy.sh")]
    mounts += [{"type": "bind", "source": str(password), "target": "/run/secrets/postgres_password"}]
    return {**kept, "healthcheck": {**database["healthcheck"], **check}, "volumes": mounts}


def _said(*command: str) -> str:
    """Of both streams."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, timeout=30)
    return done.stdout


def test_the_socket_proxy_stops_at_once(project: Stack) -> None:
    """An exit status of 137 would say that the engine killed it after ten seconds."""
    proxy = current().model["services"]["socket-proxy"]
    kept = ("image", "entrypoint", "command", "healthcheck", "user", "group_add", "volumes", "stop_signal")
    write(project, proxy={key: proxy[key] for key in kept})
    start(project)
    (container,) = project.containers()
    run("docker", "stop", container["Name"])
    assert run("docker", "inspect", "--format", "{{.State.ExitCode}}", container["Name"]).strip() == "0"


def test_what_compose_says_of_an_engine_that_is_gone_is_told(project: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, slow=SLOW)
    _ = project.model
    told = r"docker compose up failed(.|\n)*The whole output is in .*compose-up\.log"
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
        patch.setattr(starting, "_remove_left_over", lambda stack: None)
        with pytest.raises(OpsError, match=told):
            start(project)
