"""On a sick stack the checks of `make smoke` share one time to wait, and what follows from no order says so."""

import time
from functools import partial

import pytest
import requests

from tests.smoke.conftest import Order, taken
from tests.smoke.waiting import Waiting
from tests.support.erp import Ids
from tests.support.wait import NotSeenError


def test_all_waits_together_take_what_there_is_and_each_one_looks() -> None:
    waiting = Waiting(left=1.0, when_sick=0.3)
    looks: list[int] = []
    started = time.monotonic()
    for number in range(8):
        with pytest.raises(NotSeenError):
            waiting.eventually(partial(looks.append, number), "what never comes", 0.6, interval=0.1)
    assert time.monotonic() - started < 1.5  # eight waits of 0.6 s would be 4.8 s
    assert set(looks) == set(range(8))
    assert waiting.eventually(lambda: "there", "what is there", 0.6) == "there"


def test_a_wait_is_short_after_one_in_vain_and_long_before() -> None:
    waiting = Waiting(left=10.0, when_sick=0.0)
    begun = time.monotonic()
    assert waiting.eventually(lambda: time.monotonic() - begun > 0.3, "0.3 s to pass", 5, interval=0.1)
    with pytest.raises(NotSeenError):
        waiting.eventually(lambda: False, "what never comes", 0.1)
    begun = time.monotonic()
    with pytest.raises(NotSeenError):
        waiting.eventually(lambda: time.monotonic() - begun > 0.3, "0.3 s to pass", 5, interval=0.1)


def test_what_follows_from_an_order_that_was_not_taken_says_so() -> None:
    answer = requests.Response()
    answer.status_code = 502
    with pytest.raises(pytest.fail.Exception, match="no order, see above"):
        taken(Order(Ids.fresh("smoke"), answer, 20.0))
