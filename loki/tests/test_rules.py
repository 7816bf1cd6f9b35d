"""What Loki's own rules say of lines that are pushed into it, and what becomes of a file of rules that is bad."""

import json
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from alertmanager.reference import alerts
from loki import rule_files
from loki.tests.server import Server
from prometheus.rule_files import RECORDED_BY_LOKI
from prometheus.tests import test_style
from tests.support.stack import run
from tests.support.wait import eventually

MINUTE = 60.0
Lines = list[tuple[str, float]]  # level, age in seconds


def errors(count: int, newest: float, oldest: float, level: str = "ERROR") -> Lines:
    """So many lines, evenly between two ages."""
    return [(level, oldest - (oldest - newest) * each / max(1, count - 1)) for each in range(count)]


NOW = (5.0, 4 * MINUTE)
BEFORE = (6 * MINUTE, 6 * 60 * MINUTE)


@dataclass(frozen=True)
class Case:
    """The lines of one application, by service, and the services of which the alert has to fire."""

    name: str
    lines: dict[str, Lines]
    fires: tuple[str, ...] = ()
    env: str = field(default="production")


UNUSUAL = (
    Case("one more than twenty", {"web": errors(21, *NOW), "worker": errors(1, *NOW)}, ("web",)),
    Case("critical ones count", {"web": [*errors(11, *NOW), *errors(10, *NOW, "CRITICAL")]}, ("web",)),
    Case("four times what is usual", {"web": [*errors(720, *BEFORE), *errors(40, *NOW)]}, ("web",)),
    Case("twenty", {"web": errors(20, *NOW)}),
    Case("warnings", {"web": errors(60, *NOW, "WARNING")}),
    Case("two services together", {"web": errors(15, *NOW), "worker": errors(15, *NOW)}),
    Case("twice what is usual", {"web": [*errors(1440, *BEFORE), *errors(40, *NOW)]}),
    Case("a minute too old", {"web": errors(60, 6 * MINUTE, 9 * MINUTE)}),
    Case("older than what is usual", {"web": [*errors(1440, 7 * 3600, 12 * 3600), *errors(40, *NOW)]}, ("web",)),
)


def application(case: Case) -> str:
    return case.name.replace(" ", "-")


@pytest.fixture(scope="module")
def firing(loki: Server) -> dict[str, list[dict[str, Any]]]:
    """Loki's alerts that fire, by application, some evaluations after the lines of all cases are there."""
    for case in UNUSUAL:
        for service, lines in case.lines.items():
            push(loki, case, service, lines)
    # A query takes what is older than three hours from the store alone.
    requests.post(f"{loki.url}/flush", timeout=30).raise_for_status()
    expected = {(application(case), service) for case in UNUSUAL for service in case.fires}

    def alerts() -> list[dict[str, Any]]:
        return [each for each in loki.get("/prometheus/api/v1/alerts").json()["data"]["alerts"] if is_firing(each)]

    def are_those(found: list[dict[str, Any]]) -> bool:
        return expected == {(each["labels"]["application"], each["labels"]["service"]) for each in found}

    try:
        found = eventually(alerts, f"alerts of {sorted(expected)}", 30, until=are_those)
    except AssertionError:
        found = alerts()  # the cases say which one is wrong
    return {application(case): [each for each in found if of(each, case)] for case in UNUSUAL}


def push(loki: Server, case: Case, service: str, lines: Lines) -> None:
    """By level, because each is a stream of its own; oldest first, because Loki refuses what is much too late."""
    for level in {level for level, _ in lines}:
        labels = {"application": application(case), "env": case.env, "service": service, "level": level}
        values = [[str(time.time_ns() - int(age * 1e9)), "it broke"] for each, age in lines if each == level]
        answer = requests.post(
            f"{loki.url}/loki/api/v1/push", json={"streams": [{"stream": labels, "values": values}]}, timeout=10
        )
        assert answer.status_code == requests.codes.no_content, answer.text


def test_a_file_that_was_set_aside_is_told(loki: Server) -> None:
    case = Case("set aside", {})
    labels = {"application": application(case), "env": case.env, "service": "alertmanager", "level": "ERROR"}
    line = 'level=ERROR msg="nflog is damaged and was set aside as nflog.damaged-20261130T212300Z"'
    others = {**labels, "service": "web"}
    streams = [{"stream": each, "values": [[str(time.time_ns()), line]]} for each in (labels, others)]
    requests.post(f"{loki.url}/loki/api/v1/push", json={"streams": streams}, timeout=10).raise_for_status()

    def told() -> list[str]:
        found = loki.get("/prometheus/api/v1/alerts").json()["data"]["alerts"]
        mine = [each["labels"] for each in found if of(each, case) and each["state"] == "firing"]
        return [f"{each['alertname']} {each['service']} {each['severity']}" for each in mine]

    eventually(told, "the file told", 30, until=lambda found: found == ["StateSetAside alertmanager warning"])


def is_firing(alert: dict[str, Any]) -> bool:
    return bool(alert["state"] == "firing" and alert["labels"]["alertname"] == "LogErrorsUnusual")


def of(alert: dict[str, Any], case: Case) -> bool:
    return bool(alert["labels"]["application"] == application(case))


@pytest.mark.parametrize("case", UNUSUAL, ids=[case.name for case in UNUSUAL])
def test_errors_are_unusual_above_twenty_and_three_times_the_usual(
    case: Case, firing: dict[str, list[dict[str, Any]]]
) -> None:
    assert tuple(each["labels"]["service"] for each in firing[application(case)]) == case.fires


def test_alert_has_the_labels_of_its_lines_and_of_its_rule_and_texts_without_a_gap(
    firing: dict[str, list[dict[str, Any]]],
) -> None:
    (alert,) = firing["one-more-than-twenty"]
    assert alert["labels"] == {
        "alertname": "LogErrorsUnusual",
        "application": "one-more-than-twenty",
        "env": "production",
        "service": "web",
        "severity": "warning",
        "team": "app",
        "signal": "errors",
    }
    assert alert["annotations"] == {
        "summary": "web logs unusually many errors",
        "description": "web has written 21 lines at ERROR or CRITICAL in the last 5 minutes: for at least 5 minutes "
        "more than 20, and more than three times what is usual for the last six hours.",
        "runbook_url": "docs/runbooks/LogErrorsUnusual.md",
        "dashboard_url": "/d/overview?var-application=one-more-than-twenty&var-env=production&var-service=web",
        "logs_url": "/d/overview?var-application=one-more-than-twenty&var-env=production&var-service=web&viewPanel=40",
    }


class PlantedError(Exception):
    """Its full name has this module's path before it."""


def key() -> None:
    {}["x"]  # type: ignore[index]


def cause() -> None:
    try:
        key()
    except KeyError as error:
        raise ValueError('two\nlines: of\n    one\nLINE 1: SELECT\n  File "x"\n               ^') from error


def group() -> None:
    raise ExceptionGroup("two", [ValueError("x"), KeyError("y")])


def noted() -> None:
    error = PlantedError()
    error.add_note("Note: of somebody")
    raise error


def deep() -> None:
    deep()


def text_of(raising: Callable[[], None]) -> str:
    try:
        raising()
    except Exception:
        return traceback.format_exc().rstrip("\n")
    raise AssertionError(f"{raising.__name__} raised nothing.")


FRAME = 'Traceback (most recent call last):\n  File "x.py", line 1, in x\n    x()\n'
TRACEBACKS = {
    "a key": (text_of(key), "KeyError"),
    "one that has a cause, and a message over several lines": (text_of(cause), "ValueError"),
    "a group": (text_of(group), "KeyError"),
    "one with a note": (text_of(noted), f"{__name__}.PlantedError"),
    "one too deep": (text_of(deep), "RecursionError"),
    "one of a library": (f"{FRAME}django.db.utils.OperationalError: gone", "django.db.utils.OperationalError"),
    "one without a message": (f"{FRAME}SystemExit", "SystemExit"),
    "a name that is too long": (f"{FRAME}{'x' * 201}: y", None),
    "no traceback": ("NoneType: None", None),
}


@pytest.mark.parametrize("name", TRACEBACKS)
def test_exception_that_ended_a_traceback_is_counted(name: str, loki: Server, firing: object) -> None:
    exception, expected = TRACEBACKS[name]
    labels = {"application": name.replace(" ", "-"), "env": "production", "service": "web", "level": "ERROR"}
    lines = [{"level": "ERROR", "message": "it broke", "exception": exception}, {"level": "ERROR", "message": "plain"}]
    assert loki.push(labels, *map(json.dumps, lines)).status_code == requests.codes.no_content
    found = [each for each in tracebacks(loki) if each["metric"]["application"] == labels["application"]]
    del labels["level"]
    counted = [(each["metric"], each["value"][1]) for each in found]
    assert counted == ([(labels | {"exception": expected}, "1")] if expected else [])


@pytest.mark.parametrize("level", ["INFO", "WARNING"])
def test_traceback_that_somebody_only_mentions_is_not_counted(level: str, loki: Server) -> None:
    labels = {"application": f"mentioned-{level}", "env": "production", "service": "web", "level": level}
    loki.push(labels, json.dumps({"level": level, "exception": f"{FRAME}KeyError: 'x'"}))
    assert [each for each in tracebacks(loki) if each["metric"]["application"] == labels["application"]] == []


def tracebacks(loki: Server) -> list[dict[str, Any]]:
    """What the recording rule records."""
    (expression,) = [rule["expr"] for _, rule in rule_files.rules() if rule.get("record", "").startswith("service_exc")]
    answer = loki.get("/loki/api/v1/query", query=expression)
    assert answer.ok, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


@pytest.fixture
def bad(loki: Server) -> Iterator[Path]:
    """A file beside the rules of the running Loki that it can't read."""
    file = loki.rules / "bad.yml"
    file.write_text("groups: [{name: bad, rules: [{record: a, expr: 'sum('}]}]\n", encoding="utf-8")
    yield file
    file.unlink()


def test_prometheus_rules_know_what_they_get_from_here() -> None:
    assert rule_files.recorded() == RECORDED_BY_LOKI


@pytest.mark.parametrize("rule", [rule for _, rule in rule_files.alerts()], ids=lambda rule: rule["alert"])
def test_alert_has_the_form_of_prometheus_alerts(rule: dict[str, Any]) -> None:
    test_style.test_annotations_are_the_five(rule)
    test_style.test_labels_have_the_values_that_routes_know(rule)
    test_style.test_summary_stays_the_same_while_the_value_changes_and_the_description_has_readable_values(rule)


def test_every_rule_is_evaluated_without_a_failure(loki: Server, firing: object) -> None:
    groups = loki.get("/prometheus/api/v1/rules").json()["data"]["groups"]
    health = {each["name"]: (each["health"], each["lastError"]) for group in groups for each in group["rules"]}
    assert health == {rule.get("alert") or rule["record"]: ("ok", "") for _, rule in rule_files.rules()}


def test_bad_file_is_named_where_make_reload_asks_and_the_old_rules_go_on(loki: Server, bad: Path) -> None:
    answer = loki.get("/loki/api/v1/rules")
    assert not answer.ok
    assert f"{bad}: could not parse expression" in answer.text
    log = (loki.rules.parents[1] / "loki.log").read_text
    eventually(lambda: str(bad) in log(encoding="utf-8"), "Loki to look at the file by itself", 10)
    assert loki.get("/prometheus/api/v1/rules").json()["data"]["groups"]


def test_rules_of_a_user_s_own_are_in_no_page_and_no_check_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (theirs := tmp_path / "rules" / "own-shop.yml").parent.mkdir()
    for file in (theirs, theirs.with_name("lines.yml")):
        rule = {"alert": file.stem, "expr": "vector(1)", "labels": {"severity": "info", "team": "app"}}
        file.write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}), encoding="utf-8")
    monkeypatch.setattr(rule_files, "RULES", theirs.parent)
    assert set(rule_files.paths()) == {"lines"}
    assert [each["alertname"] for each in alerts([theirs.parent])] == ["lines"]
    assert run("git", "check-ignore", "loki/rules/own.yml", "loki/rules/own-shop.yml").split() == [
        "loki/rules/own.yml",
        "loki/rules/own-shop.yml",
    ]
