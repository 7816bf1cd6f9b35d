"""Brings the stack up once per run, orders the tests, and reports what they measured."""

import time

import pytest

from tests.support import partner, stack
from tests.support.grafana import is_preview
from tests.support.load import Load
from tests.support.panels import Answers, available_answers

REPORT: list[str] = []
QUIET = "test_quiet"
PREVIEW = "test_preview"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What breaks nothing first, then the silence that it was done in, then the faults."""

    def order(item: pytest.Item) -> int:
        return 2 if item.get_closest_marker("alone") else 1 if item.path.stem == QUIET else 0

    items.sort(key=order)
    if any(item.path.stem.startswith(PREVIEW) for item in items) and not config.option.collectonly:
        stack.ensure_up()
        if not is_preview():
            REPORT.append(f"Grafana itself runs here: {PREVIEW}*.py, which look at the preview in its place, did not.")
            config.hook.pytest_deselected(items=[item for item in items if item.path.stem.startswith(PREVIEW)])
            items[:] = [item for item in items if not item.path.stem.startswith(PREVIEW)]


@pytest.fixture(scope="session", autouse=True)
def healthy_since(request: pytest.FixtureRequest) -> float:
    """Unix seconds since when the stack runs and no test has broken anything."""
    stack.ensure_up()
    if not all(item.get_closest_marker("alone") for item in request.session.items):
        partner.reset()  # what an interrupted run left; beside others that break something it is theirs
    return time.time()


@pytest.fixture(scope="session")
def load(healthy_since: float) -> Load:
    """How busy the machine has been since then."""
    assert healthy_since
    return Load()


@pytest.fixture(scope="session")
def report() -> list[str]:
    """Sentences for the end of the run: what was measured, and by which way."""
    return REPORT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for sentence in dict.fromkeys(REPORT):
        terminalreporter.write_line(sentence)


@pytest.fixture(scope="session")
def panel_answers(report: list[str]) -> list[Answers]:
    found = available_answers()
    report.append(f"Panels were asked {' and '.join(each.name for each in found)}.")
    return found
