"""A plugin of pytest: a red test prints the promise that is broken and what to look at first."""

from collections.abc import Generator

import pytest

from tests.support.promises import ROOT, kept_by


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and item.path.is_relative_to(ROOT):
        found = kept_by(item.path.relative_to(ROOT).as_posix())
        report.sections.append(("what this test keeps", "\n".join(map(str, found)) or _docstring(item)))
    return report


def _docstring(item: pytest.Item) -> str:
    """The first line of its file, where no row of docs/operations/promises.md names it."""
    module = item.getparent(pytest.Module)
    return str(module.obj.__doc__ if module else "").strip().partition("\n")[0]
