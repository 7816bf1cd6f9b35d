"""What `make upgrade` refuses before it touches anything, the order of services, and what a start records."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops import release, upgrade
from ops.console import OpsError
from ops.settings import Settings
from tests.ops.conftest import Ops


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of two commits, the first with the tag 0.1.0."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    git(tmp_path, "init", "--quiet")
    for name in ("one", "two"):
        (tmp_path / "file").write_text(name, encoding="utf-8")
        git(tmp_path, "add", "file")
        git(tmp_path, "commit", "--quiet", "--message", name)
        if name == "one":
            git(tmp_path, "tag", "0.1.0")
    return tmp_path


def test_a_start_records_its_commit(repository: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "local", property(lambda _: repository / ".local"))
    assert release.recorded(settings) is None
    release.record(settings)
    assert release.recorded(settings) == release.Release(git(repository, "rev-parse", "HEAD"))
    (repository / "file").write_text("changed", encoding="utf-8")
    release.record(settings)
    found = release.recorded(settings)
    assert found is not None
    assert (found.is_changed, release.changed_files()) == (True, ["file"])


def test_a_checkout_without_git_records_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "ROOT", tmp_path)
    assert release.here() is None


def test_the_commit_before_is_checked_out(repository: Path) -> None:
    found = release.find("0.1.0")
    assert found.name == "0.1.0"
    release.check_out(found)
    assert (repository / "file").read_text(encoding="utf-8") == "one"


@pytest.mark.parametrize("name", ["9.9.9", "--all", "0" * 40])
def test_an_unknown_commit_is_refused(repository: Path, name: str) -> None:
    assert (repository / ".git").is_dir()
    with pytest.raises(OpsError, match=f"Git has no commit '{name}' here; expected a tag"):
        release.find(name)


def test_each_service_comes_after_what_it_needs() -> None:
    needs: dict[str, dict[str, Any]] = {
        "web": {"migrate": {}, "db": {}},
        "migrate": {"db": {}},
        "db": {},
        "agent": {"gone": {}},
    }
    services = {name: {"depends_on": depends} for name, depends in needs.items()}
    found = upgrade.order(services)
    assert sorted(found) == sorted(needs)
    assert found.index("db") < found.index("migrate") < found.index("web")


def services(**images: str) -> dict[str, Any]:
    return {name.replace("_", "-"): {"image": image} for name, image in images.items()}


@pytest.mark.parametrize(
    ("running", "here", "sentence"),
    [
        ("postgres:17.11-trixie", "postgres:18.1-trixie", "erp-db runs PostgreSQL 17.11, this checkout has 18.1"),
        ("postgres:18.1", "erp-observability/postgres:17-0123456789ab", "erp-db runs PostgreSQL 18.1, this checkout"),
        ("postgres:17.12", "postgres:17.11", r"Newer programs run than this checkout has: erp-db 17.12 \(here 17.11\)"),
    ],
)
def test_data_that_cannot_be_opened_is_refused(running: str, here: str, sentence: str) -> None:
    with pytest.raises(OpsError, match=sentence):
        upgrade.check_data({"erp-db": running}, services(erp_db=here))


def test_newer_programs_and_those_without_data_are_taken() -> None:
    running = {"erp-db": "postgres:17.11", "loki": "grafana/loki:3.7.8", "node": "prom/node-exporter:v1.12.1"}
    here = services(erp_db="erp-observability/postgres:17-0123", loki="grafana/loki:3.8.0", node="prom/node:v1.0.0")
    upgrade.check_data(running, here)


def test_a_stack_that_does_not_run_is_not_upgraded(ops: Ops, checkout: Path) -> None:
    git(checkout, "init", "--quiet")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "--message", "all")
    unknown = ops("upgrade", PROJECT="not-there")
    assert "It isn't known which commit the running stack was started from" in unknown.stderr
    (checkout / ".local" / "projects" / "not-there").mkdir(parents=True, exist_ok=True)
    record = checkout / ".local" / "projects" / "not-there" / "release.json"
    record.write_text(json.dumps({"commit": git(checkout, "rev-parse", "HEAD"), "is_changed": True}), encoding="utf-8")
    assert "with changes that weren't committed" in ops("upgrade", PROJECT="not-there").stderr
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "next")
    done = ops("upgrade", "HEAD^", PROJECT="not-there")
    assert "Nothing of the stack not-there runs, so there is nothing to upgrade" in done.stderr
