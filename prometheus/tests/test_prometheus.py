"""prometheus.yml and the rules, judged by the promtool of the Prometheus that the stack runs."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ops import agent_files
from ops.agent_files import Central
from prometheus import rule_files

FOLDER = Path(__file__).parents[1]
RULES = list(rule_files.paths().values())
RULE_TESTS = sorted(rule_files.CASES.glob("*_test.yml"))

Promtool = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    program = os.environ.get("PROMTOOL", "")
    if not program:
        pytest.fail("PROMTOOL is not set; expected the absolute path of promtool. Run the tests by make test.")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=100, check=False)

    return run


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """The folder as Prometheus has it inside, the secret where the file names it."""
    inside = tmp_path / "prometheus"
    shutil.copytree(FOLDER, inside, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    (tmp_path / "token").write_text("token", encoding="utf-8")
    text = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    text = text.replace("/run/secrets/metrics_token", str(tmp_path / "token"))
    (inside / "prometheus.yml").write_text(text, encoding="utf-8")
    return inside / "prometheus.yml"


def test_configuration_is_taken(promtool: Promtool, configuration: Path) -> None:
    done = promtool("check", "config", "--lint=all", "--lint-fatal", str(configuration))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("made", [Central.prometheus, Central.leaving], ids=["running", "leaving"])
def test_configuration_of_an_agent_is_taken(
    made: Callable[[Central, str], str], promtool: Promtool, configuration: Path
) -> None:
    central = Central("https://central.example:8443", "web-2", ("shop",), has_ca=True)
    text = made(central, configuration.read_text(encoding="utf-8"))
    for file in (agent_files.TOKEN, agent_files.CA):
        text = text.replace(file, str(configuration.parent.parent / "token"))
    configuration.write_text(text, encoding="utf-8")
    done = promtool("check", "config", "--agent", "--lint=all", "--lint-fatal", str(configuration))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", RULES, ids=[path.stem for path in RULES])
def test_rules_are_taken_without_a_warning(path: Path, promtool: Promtool) -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", RULE_TESTS, ids=[path.stem for path in RULE_TESTS])
def test_rules_fire_and_stay_silent_as_written(path: Path, promtool: Promtool) -> None:
    done = promtool("test", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rules_file_has_tests() -> None:
    assert {path.stem for path in RULES} == {path.stem.removesuffix("_test") for path in RULE_TESTS}


def test_names_of_recording_rules_say_level_metric_operation() -> None:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    names = [rule["record"] for group in groups for rule in group["rules"] if "record" in rule]
    assert [name for name in names if len(name.split(":")) != 3] == []


def test_a_target_is_warned_of_before_its_scrape_is_refused() -> None:
    """At 80% of `sample_limit`; the metric scrape_sample_limit would need a flag of Prometheus."""
    limit = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["global"]["sample_limit"]
    groups = yaml.safe_load((FOLDER / "rules" / "self.yml").read_text(encoding="utf-8"))["groups"]
    (rule,) = [rule for group in groups for rule in group["rules"] if rule.get("alert") == "ScrapeSamplesHigh"]
    assert rule["expr"].endswith(f"> {limit * 8 // 10}")
    assert f"above {limit:,} the scrape is refused" in rule["annotations"]["description"]


def test_the_template_for_rules_of_ones_own_is_taken_as_it_is(promtool: Promtool, tmp_path: Path) -> None:
    copied = shutil.copy(rule_files.RULES / "own" / "template.yml.example", tmp_path / "shop.yml")
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", str(copied))
    assert done.returncode == 0, done.stdout + done.stderr
