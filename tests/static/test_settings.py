"""Settings and secrets: each has one place, and nothing in the Compose files is without it."""

import re
from pathlib import Path

import pytest

from ops import gateway, secrets
from ops.paths import ROOT
from ops.settings import defaults
from ops.settings import load as load_settings
from ops.stack import Stack
from tests.support.compose_model import COMMON, OFFLINE, load, parse, parts, services, variables

ENV_EXAMPLE = ROOT / ".env.example"
EXAMPLE_NAME = re.compile(r"^#?\s*([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def compose_variables() -> set[str]:
    return {name for file in (*parts(), COMMON, OFFLINE) for name in variables(file)}


def test_every_variable_of_the_compose_files_is_a_setting_or_made_by_ops() -> None:
    filled_in = Stack(load_settings(), "local").variables
    assert compose_variables() - set(filled_in) == set()


def test_every_described_setting_has_a_line_of_meaning() -> None:
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if EXAMPLE_NAME.match(line) and not (before.startswith("#") or EXAMPLE_NAME.match(before))
    ]
    assert bare == []


def test_no_setting_is_a_secret() -> None:
    filled = [name for name, value in defaults().items() if value]
    assert [name for name in filled if re.search(r"PASSWORD|SECRET|TOKEN|KEY|DSN", name)] == []


def test_secrets_of_the_composition_are_those_that_ops_makes() -> None:
    of_people = {f"gateway_{role}_password" for role in gateway.ROLES}
    assert set(load()["secrets"]) | of_people == {*secrets.TABLE, *secrets.DERIVED, *secrets.GATEWAY, *secrets.BEFORE}


@pytest.mark.parametrize("part", parts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_secret_is_the_file_of_its_name(part: Path) -> None:
    folder = "./secrets" if part.parent == ROOT else "../secrets"
    for name, secret in parse(part.read_text(encoding="utf-8")).get("secrets", {}).items():
        assert secret == {"file": f"${{SECRETS_DIR:-{folder}}}/{name}"}


def test_secrets_are_declared_and_given_to_a_service() -> None:
    given = [each for service in services().values() for each in service.get("secrets") or []]
    assert {each["source"] if isinstance(each, dict) else each for each in given} == set(load()["secrets"])
