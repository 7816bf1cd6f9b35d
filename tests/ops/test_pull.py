"""Pulls and pinned digests where no registry answers; test_registry.py has one."""

from pathlib import Path

import pytest

from ops import digests, pin, pull
from ops.console import OpsError
from tests.support.ports import free_port


def test_progress_is_said_in_layers() -> None:
    layers = pull.Layers()
    lines = ["v1: Pulling from shop/noise", "0123456789ab: Pulling fs layer", "ba9876543210: Pulling fs layer"]
    assert [layers.describe(line) for line in lines] == [None, "0 of 1 layers", "0 of 2 layers"]
    assert layers.describe("0123456789ab: Already exists") == "1 of 2 layers"
    assert layers.describe("ba9876543210: Pull complete") == "2 of 2 layers"


def test_nobody_there_is_told() -> None:
    with pytest.raises(OpsError, match=r"didn't give out .+ connection refused"):
        pull.pull_missing([f"127.0.0.1:{free_port()}/shop/noise:1"])


def test_pin_invents_nothing_where_no_registry_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wanted = [f"127.0.0.1:{free_port()}/shop/noise:1"]
    monkeypatch.setattr(digests, "FILE", tmp_path / "digests.toml")
    monkeypatch.setattr(pin, "every_official", lambda _: wanted)
    for before in ({}, {wanted[0]: f"sha256:{'0' * 64}"}):
        digests.write(before)
        with pytest.raises(OpsError, match="No registry gave a digest"):
            pin.pin()
        assert digests.pinned() == before


def test_a_digest_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(digests, "FILE", tmp_path / "digests.toml")
    digests.write({"shop/noise:1": "latest"})
    with pytest.raises(OpsError, match="shop/noise:1 has 'latest', expected sha256"):
        digests.pinned()
