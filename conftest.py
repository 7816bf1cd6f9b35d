"""For every test: the programs that read the configuration, and clients of the running stack."""

import os
import sys

import pytest

from ops.paths import ROOT
from tests.support.erp import Erp
from tests.support.inbox import Inbox
from tests.support.loki import Loki
from tests.support.pages import Pages
from tests.support.prometheus import Prometheus
from tests.support.stack import run
from tests.support.tracker import Tracker

pytest_plugins = ["tests.support.red_tests"]

TOOLS = ("promtool", "amtool", "promtail", "loki")
FOLDERS = ("prometheus", "alertmanager", "promtail", "loki", "deploy")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Set PROMTOOL and its like when a collected test needs them; what is set already stays."""
    folders = {item.path.relative_to(ROOT).parts[0] for item in session.items if item.path.is_relative_to(ROOT)}
    for tool in TOOLS if folders & set(FOLDERS) else ():
        if not os.environ.get(tool.upper()):
            os.environ[tool.upper()] = run(sys.executable, "-m", "ops", "tool", tool, timeout=300).strip()


@pytest.fixture(scope="session")
def erp() -> Erp:
    return Erp()


@pytest.fixture(scope="session")
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(scope="session")
def loki() -> Loki:
    return Loki()


@pytest.fixture(scope="session")
def pages() -> Pages:
    return Pages()


@pytest.fixture(scope="session")
def prometheus() -> Prometheus:
    return Prometheus()


@pytest.fixture(scope="session")
def tracker() -> Tracker:
    return Tracker()
