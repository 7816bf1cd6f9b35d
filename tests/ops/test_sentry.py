"""`make sentry` against a release: SENTRY_RELEASE_DIR names Sentry's own, else a small one of ours stands in.

The engine's calls are written down and answered by sentry_docker.py; Compose merges and reads the files itself.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ops import secrets
from tests.support.sentry_double import KEY
from tests.support.sentry_machine import RELEASE, STAND_IN, Machine

pytestmark = pytest.mark.timeout(600)  # an installer makes some eighty calls
BUGSINK = re.compile(r"http://[0-9a-f]{32}@bugsink:8000/1")


def index(texts: list[str], part: str) -> int:
    return next(number for number, text in enumerate(texts) if part in text)


@pytest.mark.thorough
def test_an_installer_that_fails_changes_no_tracker_and_the_same_command_goes_on(machine: Machine) -> None:
    machine.run("sentry-down")
    (machine.release / ".installed").unlink(missing_ok=True)
    machine.answers["refused"] = [" pull "] if RELEASE == STAND_IN else ["upgrade --noinput"]
    failed = machine.sentry()
    assert failed.returncode == 1
    assert re.search(r"Sentry's installer failed: .* ended with exit code \d+, expected 0", failed.stderr)
    assert "run the same command again" in failed.stderr
    assert not (machine.secrets / secrets.SELFHOSTED_DSN).exists()
    assert BUGSINK.fullmatch(machine.dsn)
    machine.answers["refused"] = []
    assert machine.sentry().returncode == 0


def test_sentry_becomes_the_tracker_once_an_event_was_found_in_it(machine: Machine) -> None:
    done = machine.sentry()
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.dsn == f"http://{KEY}@sentry-ingest/2"
    (event,) = [each for each in machine.double.events.values() if each["event_id"] in machine.double.asked][-1:]
    assert event["tags"] == {"sent_by": "make sentry"}
    words = [" ".join(call["words"]) for call in machine.calls()]
    assert index(words, "/envelope/") < index(words, "up --detach --no-deps --wait erp-beat erp-web erp-worker")
    linking = ["up", "--detach", "--wait", "alertmanager", "grafana"]
    renewed = next(call for call in machine.calls() if call["words"][-len(linking) :] == linking)
    base = f"http://localhost:{machine.port}"
    assert renewed["environment"]["BASE_URL_TRACKER"] == base
    assert renewed["environment"]["TRACKER_SEARCH_URL"] == f"{base}/organizations/sentry/issues/?query="
    assert index(words, "kill --signal HUP alertmanager") > machine.calls().index(renewed)
    assert f"http://localhost:{machine.port}/" in machine.run("urls").stdout
    assert machine.double.options["beacon.anonymous"] is True
    assert machine.double.options["auth.allow-registration"] is False
    assert machine.double.options["system.url-prefix"] == f"http://localhost:{machine.port}"


def test_each_alertmanager_takes_the_tracker_s_address(machine: Machine) -> None:
    machine.answers["running"] += ["alertmanager-2", "alertmanager-3"]
    done = machine.sentry(SCALE="on")
    assert done.returncode == 0, done.stdout + done.stderr
    words = [" ".join(call["words"]) for call in machine.calls()]
    pair = "alertmanager alertmanager-2 alertmanager-3"
    assert index(words, f"up --detach --wait {pair} grafana") < index(words, f"kill --signal HUP {pair}")


def test_the_installer_sees_nothing_of_ours(machine: Machine) -> None:
    (machine.release / ".installed").unlink(missing_ok=True)
    done = machine.sentry(DJANGO_SETTINGS_MODULE="config.settings")
    assert done.returncode == 0, done.stdout + done.stderr
    taken_down = [call for call in machine.of_sentry() if "down" in call["words"]]
    assert taken_down
    for call in machine.of_sentry():
        environment = call["environment"]
        assert environment.get("COMPOSE_PROJECT_NAME", "sentry-self-hosted") == "sentry-self-hosted"
        assert environment.get("COMPOSE_PROFILES", "errors-only") == "errors-only"
        assert "DJANGO_SETTINGS_MODULE" not in environment
        assert "SECRETS_DIR" not in environment


@pytest.mark.thorough
def test_a_second_run_installs_nothing_and_makes_nothing_twice(installed: Machine) -> None:
    installed.forget()
    done = installed.sentry()
    assert done.returncode == 0
    assert "it isn't run again" in done.stdout
    assert [text for text in installed.texts() if " down " in text or " build " in text] == []
    assert installed.double.projects == ["erp"]
    index(installed.texts(), "up --wait --wait-timeout")


@pytest.mark.thorough
def test_going_back_switches_first_and_keeps_volumes(installed: Machine) -> None:
    installed.forget()
    done = installed.run("sentry-down")
    assert done.returncode == 0, done.stderr
    assert BUGSINK.fullmatch(installed.dsn)
    words = [" ".join(call["words"]) for call in installed.calls()]
    (taken_down,) = [text for text in words if " down " in text]
    assert words.index(taken_down) > index(words, "up --detach --no-deps --wait erp-beat erp-web erp-worker")
    assert not re.search(r" (-v|--volumes|--rmi)", taken_down)
    assert installed.sentry().returncode == 0
    assert installed.dsn == f"http://{KEY}@sentry-ingest/2"


@pytest.mark.thorough
def test_an_event_that_is_taken_and_not_stored_changes_no_tracker(installed: Machine) -> None:
    installed.run("sentry-down")
    installed.double.loses_events = True
    patient = (installed.checkout / "ops" / "sentry_api.py").read_text(encoding="utf-8")
    hasty = patient.replace("FOUND_SECONDS = 120", "FOUND_SECONDS = 2")
    (installed.checkout / "ops" / "sentry_api.py").write_text(hasty, encoding="utf-8")
    failed = installed.sentry()
    (installed.checkout / "ops" / "sentry_api.py").write_text(patient, encoding="utf-8")
    assert failed.returncode == 1
    assert "hasn't stored it within 2 s" in failed.stderr
    assert BUGSINK.fullmatch(installed.dsn)


@pytest.mark.thorough
def test_an_application_of_ones_own_gets_a_project_in_sentry(installed: Machine) -> None:
    printed = installed.run("application", "shop")
    assert printed.returncode == 0, printed.stderr
    assert yaml.safe_load(printed.stdout)["secrets"]["sentry_dsn"]["file"].endswith("/shop_sentry_dsn")
    assert secrets.read("shop_sentry_dsn", installed.secrets) == f"http://{KEY}@sentry-ingest/3"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"memory_mb": 3921}, r"Memory of the engine: found 3,921 MB, expected 7,000 MB\."),
        ({"processors": 1}, r"Processors of the engine: found 1, expected 2\."),
    ],
)
def test_a_machine_that_is_too_small_is_told_by_how_much(machine: Machine, answer: dict[str, int], said: str) -> None:
    machine.answers |= answer
    refused = machine.sentry()
    assert refused.returncode == 1
    assert re.search(said, refused.stderr)
    assert [text for text in machine.texts() if "config" not in text] == []


def test_feature_complete_demands_more(machine: Machine) -> None:
    machine.answers |= {"memory_mb": 8000, "processors": 2}
    refused = machine.sentry(SENTRY_PROFILE="feature-complete")
    assert "found 8,000 MB, expected 14,000 MB" in refused.stderr
    assert "found 2, expected 4" in refused.stderr


@pytest.mark.thorough
def test_an_image_whose_pull_failed_is_named(installed: Machine) -> None:
    installed.forget()
    installed.answers["refused"] = ["image inspect --format {{.Id}} sentry-self-hosted-local"]
    refused = installed.sentry()
    assert refused.returncode == 1
    assert "found no image sentry-self-hosted-local; expected all" in refused.stderr
    assert [text for text in installed.texts() if " up --wait --wait-timeout" in text] == []


def test_a_sentry_of_another_folder_is_left_alone(machine: Machine) -> None:
    machine.answers["folder"] = "/srv/sentry"
    refused = machine.sentry()
    assert "A Sentry runs already from /srv/sentry" in refused.stderr
    assert [text for text in machine.texts() if "config" not in text] == []


def test_a_port_that_is_taken_is_named_with_its_setting(machine: Machine) -> None:
    machine.answers["folder"] = ""
    refused = machine.sentry()
    assert f"Port {machine.port} on 127.0.0.1 is taken by another program; Sentry" in refused.stderr
    assert "set SENTRY_PORT in .env" in refused.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SENTRY_DSN": "https://key@sentry.example/7"}, "SENTRY_DSN is set to https://key@sentry.example/7 in .env"),
        ({"PROJECT": "staging", "PORT_OFFSET": "0"}, "there is one Sentry on it, the first stack's"),
        ({"SENTRY_PROFILE": "all"}, "SENTRY_PROFILE='all': expected errors-only or feature-complete"),
        ({"SMTP_FROM": "o'hara@erp.example", "SENTRY_PROFILE": "errors-only"}, None),
    ],
)
def test_what_cannot_be_is_refused(machine: Machine, variables: dict[str, str], said: str | None) -> None:
    refused = machine.sentry(**variables)
    if said is None:  # an apostrophe before the @ is a right address, and only the host goes into .env.custom
        assert refused.returncode == 0, refused.stderr
    else:
        assert refused.returncode == 1
        assert said in refused.stderr
        assert machine.of_sentry() == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "install.sh").unlink(), "found no install.sh there; expected the unpacked release"),
        (
            lambda folder: (folder / ".env").write_text("SENTRY_IMAGE=ghcr.io/getsentry/sentry:24.1.0\n"),
            "found the release 24.1.0, expected 26.8.0",
        ),
    ],
)
def test_a_folder_that_is_not_the_release_is_refused(
    machine: Machine, tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    shutil.copytree(RELEASE, tmp_path / "release", ignore=shutil.ignore_patterns(".git"))
    spoil(tmp_path / "release")
    refused = machine.run("sentry", str(tmp_path / "release"))
    assert refused.returncode == 1
    assert said in refused.stderr


def test_without_a_way_out_the_folder_is_named_as_the_way(machine: Machine) -> None:
    shutil.rmtree(machine.release)
    pin = machine.checkout / "sentry" / "selfhosted" / "release.toml"
    kept = pin.read_text(encoding="utf-8")
    pin.write_text(re.sub(r'repository = ".*"', 'repository = "file:///nowhere.git"', kept), encoding="utf-8")
    refused = machine.run("sentry")
    pin.write_text(kept, encoding="utf-8")
    assert refused.returncode == 1
    assert "file:///nowhere.git didn't give the release 26.8.0" in refused.stderr
    assert "SENTRY_RELEASE_DIR=/path" in refused.stderr
