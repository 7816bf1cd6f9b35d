"""Every service keeps to every rule of policy.yml, or its exception says why."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ops.paths import ROOT
from tests.support.compose_model import services, words
from tests.support.services import ONE_SHOTS

EXCEPTIONS_FILE = ROOT / "docs" / "operations" / "hardening-exceptions.yml"
EXCEPTIONS = {
    (row["service"], row["rule"]): row["reason"] for row in yaml.safe_load(EXCEPTIONS_FILE.read_text(encoding="utf-8"))
}
SCHEMAS = yaml.safe_load((Path(__file__).parent / "policy.yml").read_text(encoding="utf-8"))
RULES = {name: jsonschema.Draft202012Validator(schema) for name, schema in SCHEMAS.items()}

# A service that runs to its end at start has nothing to be healthy later and must not come back.
NOT_FOR_ONE_SHOTS = {"health-check", "restarts", "stop-grace"}


def problems(rule: str, service: dict[str, Any]) -> list[str]:
    spelt = {key: words(service.get(key)) for key in ("command", "entrypoint", "networks")}
    given = service.get("environment", {}).items()
    variables = {name: "" if value is None else str(value) for name, value in given}
    found = RULES[rule].iter_errors({**service, **spelt, "environment": variables})
    return [f"{'.'.join(map(str, each.path)) or 'the service'}: {each.message}" for each in found]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", services())
def test_service_keeps_to_the_rule(name: str, rule: str) -> None:
    found = [] if rule in NOT_FOR_ONE_SHOTS and name in ONE_SHOTS else problems(rule, services()[name])
    if (name, rule) in EXCEPTIONS:
        assert found, f"{name} keeps to {rule}: take its row out of {EXCEPTIONS_FILE.name}"
    else:
        assert not found, f"{found}: mend it, or add a row with the reason to {EXCEPTIONS_FILE.name}"


@pytest.mark.parametrize(("name", "rule"), EXCEPTIONS)
def test_exception_names_a_service_a_rule_and_a_reason(name: str, rule: str) -> None:
    assert name in services()
    assert rule in RULES
    assert len(EXCEPTIONS[name, rule].split()) >= 5, "a reason is a sentence"
