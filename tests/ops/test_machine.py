"""The machine's own settings are found in every form that apt knows, third parties left aside."""

from pathlib import Path

import pytest

from ops import engine, images, machine, recipes
from ops.console import OpsError

DEB822 = """\
Types: deb
URIs: https://third.example/node
Suites: nodistro
Components: main

Types: deb
# a comment
URIs: https://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
ONE_LINE = """\
# deb https://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/keys/x.gpg] https://third.example/tool stable main
deb-src https://source.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    monkeypatch.setattr(machine, "APT_DIRECTORY", tmp_path)
    monkeypatch.setattr(machine, "os_release", lambda: {"ID": "debian", "VERSION_CODENAME": "bookworm"})
    return tmp_path


def test_mirror_from_deb822(apt: Path) -> None:
    (apt / "sources.list.d" / "a.sources").write_text(DEB822, encoding="utf-8")
    assert machine.debian_mirror() == "https://mirror.example/debian"
    assert machine.debian_security_mirror() == "https://mirror.example/debian-security"


def test_mirror_from_one_line_form(apt: Path) -> None:
    (apt / "sources.list").write_text(ONE_LINE, encoding="utf-8")
    assert machine.debian_mirror() == "http://mirror.example/debian"
    assert machine.debian_security_mirror() is None


def test_switched_off_source_does_not_count(apt: Path) -> None:
    (apt / "sources.list.d" / "a.sources").write_text(f"Enabled: no\n{DEB822.split(chr(10) * 2)[1]}", encoding="utf-8")
    with pytest.raises(OpsError, match=r"No package mirror: no source under .* names the release 'bookworm'"):
        machine.debian_mirror()


def test_no_mirror_and_no_registry_is_a_sentence(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OpsError, match="No package mirror"):
        images.machine_files()
    monkeypatch.setattr(machine, "os_release", lambda: {"ID": "fedora", "PRETTY_NAME": "Fedora"})
    with pytest.raises(OpsError, match="needs root on Debian: found Fedora"):
        images.build(recipes.recipes()["base"])
    with pytest.raises(OpsError, match="No Docker engine: found none on Fedora"):
        engine.install()


def test_nothing_of_the_index_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    assert "index-url = https://index.example/simple" in machine.pip_configuration()


def test_nothing_of_npms_registry_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = "registry=https://npm.example/\n//npm.example/:_authToken=t\n@own:registry=https://own.example/\n"
    (tmp_path / ".npmrc").write_text(f"{kept}fund=false\n", encoding="utf-8")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://other.example/")
    found = machine.npm_configuration()
    assert kept in found
    assert found.endswith("registry=https://other.example/\n")
    assert "fund" not in found
