"""Gives orders to the shoppers at the set rate, whether the ERP answers or not."""

import logging
import queue
import threading
import time

from prometheus_client import Counter

from sandbox import settings
from sandbox.traffic.client import ErpAwayError
from sandbox.traffic.shopper import Shopper

LOG = logging.getLogger(__name__)
SKIPPED = Counter("traffic_orders_skipped_total", "Orders not sent, by reason.", ["reason"])
STALLED_SECONDS = 30.0


class Pace:
    """Orders are due at fixed times: a late one doesn't delay the next, and missed ones aren't sent later."""

    def __init__(self, *, interval: float) -> None:
        self.interval = interval
        self.due = time.monotonic()

    def next_due(self) -> tuple[float, int]:
        """When the next order is due, and how many were missed since the last call."""
        self.due += self.interval
        late = time.monotonic() - self.due
        missed = int(late // self.interval) if late > self.interval else 0
        self.due += missed * self.interval
        return self.due, missed


class Runner:
    def __init__(self, erp_url: str, *, orders_per_minute: float, shoppers: int) -> None:
        self.erp_url = erp_url
        self.shoppers = shoppers
        self.pace = Pace(interval=60 / orders_per_minute)
        self.erp_is_away = False
        # Holds the order that the next free shopper takes. While all are busy, further orders are skipped.
        self.orders: queue.Queue[int] = queue.Queue(maxsize=1)
        self.last_tick = time.monotonic()
        for reason in ("busy", "late"):
            SKIPPED.labels(reason)

    def start(self) -> None:
        # Daemon threads: the program can end while a call hangs.
        for _ in range(self.shoppers):
            threading.Thread(target=self._serve_orders, daemon=True).start()
        threading.Thread(target=self._schedule, daemon=True).start()

    def alive(self) -> bool:
        return time.monotonic() - self.last_tick < STALLED_SECONDS + self.pace.interval

    def _schedule(self) -> None:
        number = 0
        while True:
            due, missed = self.pace.next_due()
            SKIPPED.labels("late").inc(missed)
            time.sleep(max(0.0, due - time.monotonic()))
            self.last_tick = time.monotonic()
            try:
                self.orders.put_nowait(number)
                number += 1
            except queue.Full:
                SKIPPED.labels("busy").inc()

    def _serve_orders(self) -> None:
        shopper = Shopper(self.erp_url)
        while True:
            number = self.orders.get()
            try:
                shopper.shop(number)
            except (ErpAwayError, settings.ConfigError) as error:
                was_away, self.erp_is_away = self.erp_is_away, True
                if not was_away:
                    LOG.warning("%s; the next orders try again.", error)
            except Exception:
                LOG.exception("An order failed with an exception; the next one is sent all the same.")
            else:
                was_away, self.erp_is_away = self.erp_is_away, False
                if was_away:
                    LOG.info("The ERP is back.")
