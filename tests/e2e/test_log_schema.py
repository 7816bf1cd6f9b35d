"""Every line that the ERP's own programs have written is an object of the documented schema."""

import json
from typing import Any

import jsonschema
import pytest

from docs.reference.pages import SCHEMA
from tests.support import stack

VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
PROGRAMS = ("erp-web", "erp-worker", "erp-beat", "erp-migrate")


def lines(service: str) -> list[str]:
    """All that the container has written since it was made, as far as the rotation of its log goes back."""
    return stack.run("docker", "logs", stack.containers()[service]["Id"], timeout=100).splitlines()


def complaint(line: str) -> str:
    """What is wrong with a line, or nothing."""
    try:
        found: Any = json.loads(line)
    except ValueError:
        return f"no JSON: {line[:200]}"
    errors = [f"{'.'.join(map(str, each.path))}: {each.message}" for each in VALIDATOR.iter_errors(found)]
    return f"{errors}: {line[:300]}" if errors else ""


@pytest.mark.parametrize("service", PROGRAMS)
def test_every_line_is_of_the_schema(service: str) -> None:
    written = lines(service)
    assert written
    assert [told for told in map(complaint, written) if told][:5] == []
