"""`make reload` on the running stack: what is good is loaded at once, what is refused leaves the old one running."""

import sys
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.support.prometheus import Prometheus
from tests.support.stack import ROOT, CommandError, compose, execute, run, url
from tests.support.wait import eventually

pytestmark = pytest.mark.alone

RULE = """groups:
  - name: planted
    rules:
      - {record: "reload:planted:value", expr: "VALUE"}
"""
ALERTS = """
      - {alert: ReloadPlantedWithout, expr: "vector(0) > 1"}
      - {alert: ReloadPlantedWrong, expr: "vector(0) > 1", labels: {severity: page}}
      - {alert: ReloadPlanted, expr: "vector(0) > 1", labels: {severity: info}}
"""

Write = Callable[[str], None]


def reload(**settings: str) -> str:
    return run(sys.executable, "-m", "ops", "reload", timeout=120, env=settings)


def planted(prometheus: Prometheus) -> list[str]:
    return [rule["query"] for rule in prometheus.rules() if rule["name"] == "reload:planted:value"]


@pytest.fixture
def rule() -> Iterator[Write]:
    """Writes a file of one's own rules, which is gone again at the end."""
    file = ROOT / "prometheus" / "rules" / "own" / "zz_planted.yml"

    def write(expression: str) -> None:
        file.write_text(RULE.replace("VALUE", expression) + ALERTS, encoding="utf-8")

    yield write
    file.unlink()
    reload()


def test_a_good_rule_is_loaded_and_a_bad_one_leaves_it_running(rule: Write, prometheus: Prometheus) -> None:
    assert planted(prometheus) == []
    rule("vector(1)")
    said = reload()
    assert "ReloadPlantedWithout has the label severity '', expected one of critical, warning, info" in said
    assert "ReloadPlantedWrong has the label severity 'page', expected one of" in said
    assert said.count("ReloadPlanted") == 2
    assert planted(prometheus) == ["vector(1)"]
    rule("vector(")
    with pytest.raises(CommandError, match=r"promtool refuses[\s\S]*zz_planted\.yml"):
        reload()
    assert planted(prometheus) == ["vector(1)"]
    assert prometheus.value("prometheus_config_last_reload_successful") == 1
    # Somebody had Prometheus itself read the bad one: the next good one is loaded all the same.
    compose("kill", "--signal", "SIGHUP", "prometheus")
    successful = "prometheus_config_last_reload_successful"
    eventually(lambda: prometheus.value(successful), "a reload that failed", 30, until=lambda value: value == 0)
    rule("vector(2)")
    reload()
    assert planted(prometheus) == ["vector(2)"]


def test_a_broken_file_of_targets_holds_no_rule_up(rule: Write, prometheus: Prometheus) -> None:
    file = ROOT / "targets" / "zz-planted.yml"
    file.write_text("- lables: {application: shop}\n", encoding="utf-8")
    try:
        rule("vector(4)")
        with pytest.raises(CommandError, match=r"line 1: field lables not found[\s\S]*All else is loaded"):
            reload()
        assert planted(prometheus) == ["vector(4)"]
    finally:
        file.unlink()


def test_what_alertmanager_s_renderer_refuses_stops_the_reload_before_prometheus(
    rule: Write, prometheus: Prometheus
) -> None:
    rule("vector(3)")
    with pytest.raises(CommandError, match=r"SMTP_USERNAME needs SMTP_REQUIRE_TLS=true.*What runs stays as it is"):
        reload(SMTP_USERNAME="somebody")
    assert planted(prometheus) == []


def log_rules() -> set[str]:
    groups = requests.get(f"{url('loki')}/prometheus/api/v1/rules", timeout=10).json()["data"]["groups"]
    return {rule["name"] for group in groups for rule in group["rules"]}


def test_loki_takes_a_good_rule_over_by_itself_and_a_bad_one_is_named_and_leaves_it_running() -> None:
    file = ROOT / "loki" / "rules" / "own_planted.yml"
    before = log_rules()
    try:
        file.write_text(RULE.replace("VALUE", 'count_over_time({service=\\"loki\\"}[1m])'), encoding="utf-8")
        reload()
        now = before | {"reload:planted:value"}
        eventually(log_rules, "the planted rule in Loki", 30, until=lambda found: found == now)
        file.write_text(RULE.replace("VALUE", "count_over_time("), encoding="utf-8")
        with pytest.raises(CommandError, match=r"Loki refuses loki/rules[\s\S]*own_planted\.yml: could not parse"):
            reload()
        assert log_rules() == now
    finally:
        file.unlink()
    eventually(log_rules, "Loki without the planted rule", 30, until=lambda found: found == before)


def test_a_bad_route_leaves_the_old_one_in_the_file_that_alertmanager_reads() -> None:
    """By a setting: a tracked file, changed here, would be in what other tests copy and lint meanwhile."""
    before = execute("alertmanager", "cat", "/etc/alertmanager/alertmanager.yml")
    with pytest.raises(CommandError, match=r"amtool refuses[\s\S]*invalid URL escape"):
        reload(PAGERDUTY_URL="http://inbox:8095/%zz")
    assert execute("alertmanager", "cat", "/etc/alertmanager/alertmanager.yml") == before
