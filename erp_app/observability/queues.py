"""Asks the broker how long its queues are, at each scrape and without a broadcast to the workers."""

from collections.abc import Iterator

from celery import Celery
from kombu import Connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from observability.bounded import Bounded

DEADLINE_SECONDS = 3.0


class QueueCollector(Collector):
    def __init__(self, app: Celery) -> None:
        self.app = app
        self._lengths = Bounded(self._ask, seconds=DEADLINE_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """The lengths, or no sample at all when the broker doesn't answer, so that absent() can fire."""
        try:
            lengths = self._lengths.ask()
        except Exception:  # of whatever transport
            return
        family = GaugeMetricFamily("celery_queue_length", "Tasks that wait for a worker.", labels=["queue"])
        for queue, length in lengths.items():
            family.add_metric([queue], length)
        yield family

    def _ask(self) -> dict[str, int]:
        with self.app.connection_for_read() as connection:
            connection.connect()
            return {name: length(connection, name) for name in self.app.amqp.queues}


def length(connection: Connection, queue: str) -> int:
    # A channel of its own, because RabbitMQ closes one that asks for a queue that isn't there.
    with connection.channel() as channel:
        try:
            # A passive declaration adds up the sub-queues of priorities, which a bare LLEN misses.
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except connection.channel_errors:
            return 0  # in Redis an empty queue is none
