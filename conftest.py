"""Gives the tests of the configuration folders the very programs that the stack runs, out of its images."""

from __future__ import annotations

import os
import sys

import pytest

from ops.paths import ROOT
from tests.support.stack import run

TOOLS = ("promtool", "amtool", "promtail", "loki")
FOLDERS = ("prometheus", "alertmanager", "promtail", "loki")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Set PROMTOOL and its like when a collected test needs them; what is set already stays."""
    folders = {item.path.relative_to(ROOT).parts[0] for item in session.items if item.path.is_relative_to(ROOT)}
    for tool in TOOLS if folders & set(FOLDERS) else ():
        if not os.environ.get(tool.upper()):
            os.environ[tool.upper()] = run(sys.executable, "-m", "ops", "tool", tool, timeout=300).strip()
