"""alertmanager/start.sh: with a damaged file of its state Alertmanager starts, and says what it set aside."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.commands import current
from tests.support import stack
from tests.support.wait import eventually

CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
FLAGS = (
    "--config.file=/etc/alertmanager/alertmanager.yml",
    "--storage.path=/alertmanager",
    "--cluster.listen-address=",
)


@pytest.fixture
def said(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """What it says until it listens, started over the damaged files that the test names."""
    (tmp_path / "alertmanager.yml").write_text(CONFIG, encoding="utf-8")
    state = tmp_path / "state"
    state.mkdir()
    for path in (tmp_path, state):
        path.chmod(0o777)
    for name in request.param:
        (state / name).write_bytes(os.urandom(500))
        (state / name).chmod(0o666)
    start = stack.ROOT / "alertmanager" / "start.sh"
    mounts = {tmp_path: "/etc/alertmanager", state: "/alertmanager", start: "/etc/start.sh"}
    volumes = [f"--volume={here}:{there}" for here, there in mounts.items()]
    image = current().model["services"]["alertmanager"]["image"]
    made = ("--detach", "--user=65534:65534", *volumes, "--entrypoint=sh", image, "/etc/start.sh", *FLAGS)
    container = stack.run("docker", "run", *made).strip()
    try:
        yield eventually(
            lambda: stack.run("sh", "-c", f"docker logs {container} 2>&1"),
            "Alertmanager to listen",
            60,
            until=lambda text: "Listening on" in text,
        )
    finally:
        stack.run("docker", "rm", "--force", container)


@pytest.mark.parametrize("said", [(), ("nflog",), ("silences",), ("nflog", "silences")], indirect=True, ids=str)
def test_damaged_files_are_set_aside_and_named(said: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    damaged = request.node.callspec.params["said"]
    assert [name for name in ("nflog", "silences") if f"{name} is damaged and was set aside as" in said] == [*damaged]
    assert sorted(path.name.partition(".")[0] for path in (tmp_path / "state").glob("*.damaged-*")) == [*damaged]
