"""Every service keeps to every rule or its exception says why; every rule catches its planted faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.paths import ROOT
from tests.static.compose_model import services
from tests.static.policy import RULES
from tests.support.services import SERVICES

EXCEPTIONS_FILE = ROOT / "docs" / "operations" / "hardening-exceptions.yml"
BAD = yaml.safe_load((Path(__file__).parent / "bad_services.yml").read_text(encoding="utf-8"))
FAULTS = [(rule, number, fault) for rule, faults in BAD["faults"].items() for number, fault in enumerate(faults)]

# A service that runs to its end at start has nothing to be healthy later and must not come back.
NOT_FOR_ONE_SHOTS = {"health-check", "restarts", "stop-grace"}


def read_exceptions() -> dict[tuple[str, str], str]:
    rows = yaml.safe_load(EXCEPTIONS_FILE.read_text(encoding="utf-8"))
    return {(row["service"], row["rule"]): row["reason"] for row in rows}


EXCEPTIONS = read_exceptions()


def problems(rule: str, name: str, service: dict[str, Any]) -> list[str]:
    if rule in NOT_FOR_ONE_SHOTS and SERVICES[name].one_shot:
        return []
    return [f"{name} {problem}" for problem in RULES[rule](service)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", SERVICES)
def test_service_keeps_to_the_rule(name: str, rule: str) -> None:
    found = problems(rule, name, services()[name])
    if (name, rule) in EXCEPTIONS:
        assert found, f"{name} keeps to {rule}: take its row out of {EXCEPTIONS_FILE.name}"
    else:
        assert not found, f"{found}: mend it, or add a row with the reason to {EXCEPTIONS_FILE.name}"


@pytest.mark.parametrize(("name", "rule"), EXCEPTIONS)
def test_exception_names_a_service_a_rule_and_a_reason(name: str, rule: str) -> None:
    assert name in SERVICES
    assert rule in RULES
    assert len(EXCEPTIONS[name, rule].split()) >= 5, "a reason is a sentence"


def test_a_good_service_breaks_no_rule() -> None:
    assert [problem for rule in RULES for problem in RULES[rule](BAD["good"])] == []


@pytest.mark.parametrize(("rule", "number", "fault"), FAULTS, ids=[f"{rule}-{number}" for rule, number, _ in FAULTS])
def test_rule_catches_the_planted_fault(rule: str, number: int, fault: dict[str, Any]) -> None:
    service = {key: value for key, value in {**BAD["good"], **fault}.items() if value is not None}
    assert list(RULES[rule](service))


def test_every_rule_has_a_planted_fault() -> None:
    assert set(BAD["faults"]) == set(RULES)
