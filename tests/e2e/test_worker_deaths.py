"""Counts stay exact when a gunicorn worker is killed, and begin at nothing when the master starts anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import stack
from tests.support.erp import RESPONSES, VERSION_VIEW, Erp
from tests.support.wait import eventually

pytestmark = pytest.mark.alone

REQUESTS = 60
AT_ONCE = 8
CHILDREN = "import pathlib; print(pathlib.Path('/proc/1/task/1/children').read_text())"
KILL = "import os, signal, sys; os.kill(int(sys.argv[1]), signal.SIGKILL)"


def workers() -> list[str]:
    """The process ids of gunicorn's workers, as the container has them."""
    return stack.execute("erp-web", "python", "-c", CHILDREN).split()


def ask(erp: Erp) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(lambda _: erp.version().status_code, range(REQUESTS)))
    assert statuses == [200] * REQUESTS


def test_counts_go_on_exactly_after_a_worker_was_killed(erp: Erp) -> None:
    before = erp.counter(RESPONSES, view=VERSION_VIEW)
    ask(erp)
    assert erp.counter(RESPONSES, view=VERSION_VIEW) == before + REQUESTS
    there = workers()
    stack.execute("erp-web", "python", "-c", KILL, there[0])
    eventually(workers, "another worker", 20, until=lambda now: there[0] not in now and len(now) == len(there))
    assert erp.counter(RESPONSES, view=VERSION_VIEW) == before + REQUESTS
    ask(erp)
    assert erp.counter(RESPONSES, view=VERSION_VIEW) == before + 2 * REQUESTS


def test_counts_begin_at_nothing_when_the_master_starts_anew(erp: Erp) -> None:
    stack.compose("restart", "erp-web", timeout=90)
    eventually(lambda: stack.states()["erp-web"], "erp-web healthy", 60, until=lambda state: state == "healthy")
    assert erp.counter(RESPONSES, view=VERSION_VIEW) == 0
    ask(erp)
    assert erp.counter(RESPONSES, view=VERSION_VIEW) == REQUESTS
