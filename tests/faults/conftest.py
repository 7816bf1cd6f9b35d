"""Runs the faults of the collected tests once, on a stack of their own."""

from collections.abc import Iterator

import pytest

from ops.console import say
from tests.faults import own_stack
from tests.faults.model import Fault
from tests.faults.runner import Outcome, run_all
from tests.support.load import Load


@pytest.fixture(scope="session", autouse=True)
def load() -> Load:
    """How busy the machine has been since the first row was begun."""
    return Load()


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[str, Outcome]]:
    items = [item for item in request.session.items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    named = [item.callspec.params.get("fault") for item in items]
    rows = {fault.name: fault for fault in named if isinstance(fault, Fault)}
    with own_stack.running():
        yield {outcome.fault.name: outcome for outcome in run_all(list(rows.values()), say)}
