"""Bad input on the real command line: one sentence, a non-zero exit code, nothing started."""

import os
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from ops import machine, up
from ops.console import OpsError
from ops.stack import of_project
from tests.ops.conftest import ELSEWHERE, Ops
from tests.support.stack import loaded_settings, run


def volumes() -> str:
    """The stack's. Its containers may come and go by another test's command beside these."""
    return run("docker", "volume", "ls", "-q", "--filter", of_project(loaded_settings()["PROJECT"]))


def started() -> str:
    """The containers that were started from a copy of the checkout, of this test or another."""
    working_dir = '{{.Label "com.docker.compose.project.working_dir"}}'
    shown = run("docker", "ps", "--all", "--format", f"{{{{.ID}}}} {working_dir}").splitlines()
    return "\n".join(line for line in shown if Path(line.partition(" ")[2]).name.startswith("checkout-"))


def refused(ops: Ops, *named: str, command: str = "up", prefix: tuple[str, ...] = (), **variables: str) -> None:
    before = volumes()
    done = ops(command, prefix=prefix, **variables)
    assert done.returncode == 1, done.stdout + done.stderr
    for text in named:
        assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert not started()
    assert volumes() == before


@pytest.fixture
def secrets_copy(tmp_path: Path) -> Path:
    """The stack's own secrets, as a copy that a test may break."""
    return Path(shutil.copytree(loaded_settings().secrets, tmp_path / "secrets"))


def test_taken_port_names_the_setting(ops: Ops) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(ops, f"Port {port} on 127.0.0.1 is taken", "set ERP_PORT in .env", ERP_PORT=port)


def test_bad_setting_stops_before_anything(ops: Ops) -> None:
    refused(ops, "ERP_PORT='eighty'", ERP_PORT="eighty")


def test_lost_secrets_beside_data_are_not_made_anew(ops: Ops, tmp_path: Path) -> None:
    assert up.volumes_exist(loaded_settings()), "without a stack's volumes this would start one: run `make up` first"
    told = ("new passwords wouldn't open its data", "set PROJECT in .env here")
    refused(ops, *told, SECRETS_DIR=str(tmp_path / "none"))


def test_broken_override_is_named(ops: Ops, checkout: Path, secrets_copy: Path) -> None:
    (checkout / "compose.override.yaml").write_text("services: {erp-web: {mem_limit: [}}\n", encoding="utf-8")
    refused(ops, "Compose refuses", "compose.override.yaml", SECRETS_DIR=str(secrets_copy))


def test_no_rights_to_the_socket(ops: Ops, checkout: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        refused(ops, "No right to write into", "user id 65534", prefix=nobody, HOME="/tmp")  # noqa: S108
        (checkout / ".local").mkdir()
        (checkout / ".local").chmod(0o777)
        refused(ops, "No rights to the engine's socket", "user id 65534", prefix=nobody, HOME="/tmp")  # noqa: S108
        return
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(tmp_path / "docker.sock"))
        (tmp_path / "docker.sock").chmod(0)
        refused(ops, "No rights to the engine's socket", DOCKER_HOST=f"unix://{tmp_path}/docker.sock")


def test_engine_that_does_not_answer_at_docker_host(ops: Ops) -> None:
    refused(ops, "No engine answers at DOCKER_HOST=tcp://127.0.0.1:9", DOCKER_HOST="tcp://127.0.0.1:9")


def test_old_engine_is_refused(ops: Ops, tmp_path: Path) -> None:
    client = tmp_path / "bin" / "docker"
    client.parent.mkdir()
    client.write_text("#!/bin/sh\necho 20.10.24\n", encoding="utf-8")
    client.chmod(0o755)
    refused(ops, "too old: found 20.10.24, expected 25.0", PATH=f"{client.parent}:{os.environ['PATH']}")


def test_too_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1024**3)
    with pytest.raises(OpsError, match=r"Too little memory: found 1\.0 GiB, expected 3 GiB"):
        up.check_machine()


def test_too_little_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**40, 2**40, 1024**3))
    with pytest.raises(OpsError, match=r"Too little disk: found 1\.0 GiB free"):
        up.check_machine()


def test_clean_of_production_wants_a_confirmation(ops: Ops) -> None:
    refused(ops, "make clean CONFIRM=yes", command="clean", prefix=(), ENV="production", **ELSEWHERE)


def test_clean_of_a_machine_without_an_engine_has_nothing_to_delete(ops: Ops, checkout: Path, tmp_path: Path) -> None:
    (checkout / "secrets").mkdir(exist_ok=True)
    before = volumes()
    done = ops("clean", prefix=("/usr/bin/env",), PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "No Docker engine is installed here" in done.stdout
    assert not (checkout / "secrets").exists()
    assert volumes() == before


def test_doctor_without_docker_says_that_compose_reads_the_settings(ops: Ops, checkout: Path, tmp_path: Path) -> None:
    (checkout / ".env").write_text("ERP_PORT=8001\n", encoding="utf-8")
    done = ops("doctor", prefix=("/usr/bin/env",), PATH=str(tmp_path))
    assert "MISSING  .env can be checked once Docker is here" in done.stdout
    assert "Traceback" not in done.stderr


def test_clean_wants_the_engine_that_docker_host_names(ops: Ops, tmp_path: Path) -> None:
    elsewhere = "tcp://127.0.0.1:9"
    told = "No Docker engine answers"
    refused(ops, told, command="clean", prefix=("/usr/bin/env",), PATH=str(tmp_path), DOCKER_HOST=elsewhere)
