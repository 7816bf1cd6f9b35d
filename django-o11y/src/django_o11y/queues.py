"""Asks the broker how long its queues are, at each scrape and without a broadcast to the workers."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from celery import Celery
from kombu import Connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from django_o11y.bounded import Bounded

DEADLINE_SECONDS = 3.0


class QueueCollector(Collector):
    def __init__(self, app: Celery) -> None:
        self.app = app
        self._lengths = Bounded(self._ask, seconds=DEADLINE_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """The lengths, or no sample at all when the broker doesn't answer, so that absent() can fire."""
        try:
            lengths, unacknowledged = self._lengths.ask()
        except Exception:  # of whatever transport
            return
        family = GaugeMetricFamily("celery_queue_length", "Tasks that wait for a worker.", labels=["queue"])
        for queue, length in lengths.items():
            family.add_metric([queue], length)
        yield family
        if unacknowledged is None:
            return
        family = GaugeMetricFamily(
            "celery_queue_unacknowledged",
            "Tasks that a worker holds: running, prefetched or for later.",
            labels=["queue"],
        )
        for queue in lengths:
            family.add_metric([queue], unacknowledged.get(queue, 0))
        yield family

    def _ask(self) -> tuple[dict[str, int], Counter[str] | None]:
        with self.app.connection_for_read() as connection:
            connection.connect()
            lengths = {name: length(connection, name) for name in self.app.amqp.queues}
            return lengths, unacknowledged_by_queue(connection)


def length(connection: Connection, queue: str) -> int:
    # A channel of its own, because RabbitMQ closes one that asks for a queue that isn't there.
    channel: Any
    with connection.channel() as channel:
        try:
            # A passive declaration adds up the sub-queues of priorities, which a bare LLEN misses.
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except connection.channel_errors:
            return 0  # in Redis an empty queue is none


def unacknowledged_by_queue(connection: Connection) -> Counter[str] | None:
    """How many messages of each queue were handed to a worker and not acknowledged; None where only AMQP knows.

    kombu's Redis transport keeps them in one hash, each with the exchange and routing key that it came by; with the
    default direct exchange the routing key is the queue's name.
    """
    channel: Any
    with connection.channel() as channel:
        if not hasattr(channel, "unacked_key"):
            return None
        stored = channel.client.hvals(channel.unacked_key)
        return Counter(str(json.loads(value)[2]) for value in stored)
