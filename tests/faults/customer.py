"""A customer who goes on ordering whatever breaks, and remembers each answer: what the accounts are compared with."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import requests

from tests.support.erp import Erp, Ids

PAUSE = 0.25  # seconds between two requests
PROMPT_SECONDS = 5.0
CREATED, OK = 201, 200
UNANSWERED = "no answer"


class Customer:
    """Every third request is an order, the others ask a page that nobody else asks."""

    def __init__(self) -> None:
        self.run = f"fault-{secrets.token_hex(4)}"
        self.orders: list[str] = []
        """The numbers of the orders that were answered with 201."""
        self.answered: set[str] = set()
        """The request ids of all that was answered, with whatever status."""
        self.asked: Counter[str] = Counter()
        """The answers to what were no orders, by status."""
        self.refused: Counter[str] = Counter()
        """The answers to orders that weren't 201, by status."""
        self.late = 0
        """The requests that were answered after more than PROMPT_SECONDS, or not at all in that time."""
        self._erp = Erp()
        self._stop = Event()
        assert self._erp.token  # so that the log-in isn't one of the counted requests

    def _go_on(self) -> None:
        number = 0
        while not self._stop.wait(PAUSE):
            number += 1
            ids = Ids(f"{self.run}-{number}", secrets.token_hex(16))
            begun = time.monotonic()
            (self._order if number % 3 == 0 else self._ask)(ids)
            self.late += time.monotonic() - begun > PROMPT_SECONDS

    def _ask(self, ids: Ids) -> None:
        try:
            answer = self._erp.version(ids)
        except requests.RequestException:
            self.asked[UNANSWERED] += 1
        else:
            self.asked[str(answer.status_code)] += 1
            self.answered.add(ids.request)

    def _order(self, ids: Ids) -> None:
        try:
            answer = self._erp.place_order(ids)
        except requests.RequestException:
            self.refused[UNANSWERED] += 1
            return
        self.answered.add(ids.request)
        if answer.status_code == CREATED:
            self.orders.append(str(answer.json()["number"]))
        else:
            self.refused[str(answer.status_code)] += 1

    @contextmanager
    def ordering(self) -> Iterator[None]:
        thread = Thread(target=self._go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(60)
