"""Against a real registry on this machine: pulls, their progress and failures, pinned digests, tags that are behind."""

import io
import os
import socket
import tarfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ops import digests, images, outdated, pin, pull
from ops.console import OpsError
from tests.ops.conftest import Ops
from tests.support import registry, stack
from tests.support.registry import Registry
from tests.support.second_stack import left

PROJECT = "never-started"
LAYER_BYTES = 8_000_000
pytestmark = [pytest.mark.timeout(180), pytest.mark.thorough]


class Relay:
    """Passes bytes to the registry until `limit` have come back; then it is silent, or nobody listens any more."""

    def __init__(self, target: int, limit: int, *, falls_silent: bool = False) -> None:
        self._target, self._left, self._falls_silent = target, limit, falls_silent
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._copy, args=(client, upstream, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(upstream, client, True), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        try:
            while part := source.recv(65536):
                sink.sendall(part)
                self._left -= len(part) if counted else 0
                if self._left <= 0:
                    if self._falls_silent:
                        return
                    self.close()
                    break
        except OSError:
            pass
        for end in (source, sink):
            _shut(end)

    def close(self) -> None:
        """A thread that waits in accept() would keep the port open."""
        _shut(self._server)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def random_image(name: str) -> None:
    """An image with one layer of random bytes: no other image shares it, and it stays as large as it is."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("noise")
        entry.size = LAYER_BYTES
        tar.addfile(entry, io.BytesIO(os.urandom(LAYER_BYTES)))
    file = Path(f"/tmp/{PROJECT}.tar")  # noqa: S108
    file.write_bytes(archive.getvalue())
    try:
        stack.run("docker", "import", str(file), name)
    finally:
        file.unlink()


@pytest.fixture(scope="module")
def hub() -> Iterator[Registry]:
    """Has the image shop/noise:1."""
    with registry.running() as found:
        random_image("erp-pull-test:noise")
        found.push("erp-pull-test:noise", "shop/noise:1")
        stack.run("docker", "image", "rm", "erp-pull-test:noise")
        yield found


@pytest.fixture
def noise(hub: Registry) -> Iterator[str]:
    name = f"{hub.address}/shop/noise:1"
    yield name
    for image in (name, f"{name}@{hub.digest('shop/noise:1')}"):
        if images.present(image):
            stack.run("docker", "image", "rm", "--force", image)


def test_what_is_missing_is_pulled_and_what_is_here_is_not(noise: str, capsys: pytest.CaptureFixture[str]) -> None:
    pull.pull_missing([noise])
    assert f"==> Pulling 1/1: {noise}" in capsys.readouterr().out
    pull.pull_missing([noise])
    assert capsys.readouterr().out == ""


def test_a_missing_tag_is_told_and_nothing_is_started(hub: Registry, checkout: Path, ops: Ops) -> None:
    text = f"services: {{node: {{image: '{hub.address}/shop/noise:2'}}}}\n"
    (checkout / "compose.override.yaml").write_text(text, encoding="utf-8")
    done = ops("up", PROJECT=PROJECT, IMAGE_SOURCE="official")
    assert done.returncode == 1
    assert f"has {hub.address}/shop/noise:2" in done.stderr
    assert "Correct the tag" in done.stderr
    assert "Traceback" not in done.stderr
    assert left(PROJECT) == []


def test_a_registry_that_dies_in_the_middle_is_told(hub: Registry) -> None:
    relay = Relay(hub.port, LAYER_BYTES // 4)
    name = f"127.0.0.1:{relay.port}/shop/noise:1"
    with pytest.raises(OpsError, match=rf"didn't give out {name}: .+Nothing was started(.|\n)*Run the same command"):
        pull.pull_missing([name])
    assert not images.present(name)


def test_a_registry_that_falls_silent_is_told(hub: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "LONGEST_SECONDS", 4.0)
    relay = Relay(hub.port, LAYER_BYTES // 4, falls_silent=True)
    name = f"127.0.0.1:{relay.port}/shop/noise:1"
    try:
        with pytest.raises(OpsError, match=rf"didn't give out {name}: not whole after 4 s"):
            pull.pull_missing([name])
    finally:
        relay.close()
    assert not images.present(name)


def test_a_pinned_digest_is_what_is_pulled(hub: Registry, noise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random_image("erp-pull-test:noise")
    try:
        stack.run("docker", "tag", "erp-pull-test:noise", noise)  # another content under the same name
    finally:
        stack.run("docker", "image", "rm", "erp-pull-test:noise")
    digest = hub.digest("shop/noise:1")
    monkeypatch.setattr(digests, "pinned", lambda: {noise: digest})
    assert pull.is_here(noise, digest)  # a bundle's image has no digest of a registry
    stack.run("docker", "image", "rm", noise)
    pull.pull_missing([noise])
    assert [each for each in digests.of_registry(noise) if each != digest] == []
    assert pull.is_here(noise, digest)
    assert not pull.is_here(noise, "sha256:" + "0" * 64)


def test_a_digest_that_no_registry_has_is_told(noise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "pinned", lambda: {noise: "sha256:" + "0" * 64})
    with pytest.raises(OpsError, match=r"No registry that this engine asks has .+@sha256:0000"):
        pull.pull_missing([noise])


def test_pin_writes_what_the_registry_answers(hub: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here, gone = f"{hub.address}/shop/noise:1", f"{hub.address}/shop/noise:2"
    monkeypatch.setattr(digests, "FILE", tmp_path / "digests.toml")
    monkeypatch.setattr(pin, "every_official", lambda _: [gone, here])
    old = f"sha256:{'0' * 64}"
    digests.write({here: old, "shop/no-longer-used:1": old})
    assert pin.pin() == 1  # not all tags could be asked for
    assert digests.pinned() == {here: hub.digest("shop/noise:1")}


def test_outdated_tells_a_tag_that_is_another_image_by_now(hub: Registry) -> None:
    name = f"{hub.address}/shop/noise:1"
    assert outdated._moved((name, hub.digest("shop/noise:1"))) is None
    row = outdated._moved((name, f"sha256:{'0' * 64}"))
    assert row is not None
    assert hub.digest("shop/noise:1").startswith(row[3])
    gone = outdated._moved((f"{hub.address}/shop/noise:2", f"sha256:{'0' * 64}"))
    assert gone is not None
    assert gone[3] == "can't be known"


def test_outdated_knows_newer_tags_of_the_same_form(
    hub: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the real skopeo, which runs beside the registry."""
    shim = tmp_path / "skopeo"
    shim.write_text(f'#!/bin/sh\nexec docker exec {hub.container} skopeo "$1" --tls-verify=false "$2"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    copy = ["docker", "exec", hub.container, "skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"]
    for tag in ("v1.2.3", "v1.2.10", "v1.3.0", "v1.4.0-rc.1", "v2-alpine"):
        there = "docker://127.0.0.1:5000/shop"
        stack.run(*copy, f"{there}/noise:1", f"{there}/tags:{tag}")
    (found,) = outdated.image_tags(["127.0.0.1:5000/shop/tags:v1.2.3"])
    row = outdated._row(found)
    assert row is not None
    assert row[3:5] == ["v1.2.10", "v1.3.0"]
