"""Asks the broker how long its queues are, at each scrape, without a broadcast to the workers or reading a message."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakSet

from celery import Celery
from kombu import Queue
from kombu.transport import virtual
from kombu.transport.virtual.exchange import TopicExchange
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from django_instrumentation import forks
from django_instrumentation.bounded import Bounded

DEADLINE_SECONDS = 3.0
UNKNOWN = "unknown"
_topics: Any = TopicExchange(None)
_received: WeakSet[Any] = WeakSet()
"""The requests of the messages that this worker got."""
_received_lock = forks.new_lock()


class QueueCollector(Collector):
    def __init__(self, app: Celery) -> None:
        self.app = app
        self._lengths = Bounded(self._ask, seconds=DEADLINE_SECONDS)

    def collect(self) -> Iterator[Metric]:
        yield self._held()
        try:
            lengths = self._lengths.ask()
        except Exception:  # of whatever transport; no sample at all, so that an alert on its absence can fire
            return
        family = GaugeMetricFamily("celery_queue_length", "Tasks that wait for a worker.", labels=["queue"])
        for queue, length in lengths.items():
            family.add_metric([queue], length)
        yield family

    def _held(self) -> Metric:
        family = GaugeMetricFamily(
            "celery_queue_unacknowledged",
            "Tasks that this worker holds and hasn't acknowledged: running, prefetched or for later.",
            labels=["queue"],
        )
        consumed = {label_of(queue): 0 for queue in self.app.amqp.queues.consume_from.values()}
        for queue, number in {**consumed, **held_by_queue(self.app)}.items():
            family.add_metric([queue], number)
        return family

    def _ask(self) -> dict[str, int]:
        with self.app.connection_for_read() as connection:
            connection.connect()
            known = {label_of(queue): queue for queue in list(self.app.amqp.queues.values())}
            known.update({name: Queue(name) for name in routed_queues(self.app) if name not in known})
            found = lengths(connection, known.values())
            return {label: length for label, queue in known.items() if (length := found.get(queue.name)) is not None}


def hold(request: Any, **_: Any) -> None:
    with _received_lock:
        _received.add(request)


def held_by_queue(app: Celery) -> Counter[str]:
    """How many messages this worker has, by queue, and hasn't acknowledged: running, prefetched or for later."""
    with _received_lock:
        requests = list(_received)
    return Counter(queue_of(app, request.delivery_info) for request in requests if not request.acknowledged)


def lengths(connection: Any, queues: Iterable[Queue]) -> dict[str, int]:
    """By name; without the queues whose length can't be known."""
    with connection.channel() as channel:
        if isinstance(channel, virtual.Channel):
            stored = [queue.name for queue in queues if not _is_stored_nowhere(channel, queue)]
            # Not by a passive declaration: under a global_keyprefix kombu doesn't find the queue that it asks for.
            return {name: int(channel._size(name)) for name in stored}
    found = {}
    for queue in queues:
        # A channel for each, because RabbitMQ closes one that asks for a queue that isn't there or is somebody's own.
        with connection.channel() as channel:
            try:
                found[queue.name] = int(channel.queue_declare(queue=queue.name, passive=True).message_count)
            except connection.channel_errors:
                continue
    return found


def _is_stored_nowhere(channel: Any, queue: Queue) -> bool:
    """Redis hands the messages of a fan-out exchange to whoever listens, and keeps none."""
    return hasattr(channel, "unacked_key") and getattr(queue.exchange, "type", None) == "fanout"


def routed_queues(app: Celery) -> set[str]:
    """The queues that settings and tasks name as targets; perhaps only other workers, or none, consume from them."""
    targets = [getattr(task, "queue", None) for task in app.tasks.values()]
    targets += [(entry.get("options") or {}).get("queue") for entry in (app.conf.beat_schedule or {}).values()]
    routes: Any = app.amqp.routes
    for route in routes:  # of those that are functions nobody knows all answers
        chosen = (*getattr(route, "map", {}).values(), *getattr(route, "patterns", {}).values())
        targets += [each.get("queue") if isinstance(each, Mapping) else each for each in chosen]
    return {target.name if isinstance(target, Queue) else str(target) for target in targets if target}


def label_of(queue: Any) -> str:
    """Its name, or the alias of one that every worker names anew, such as kombu's Broadcast."""
    return str(queue.alias or queue.name)


def queue_of(app: Celery, delivery_info: Mapping[str, Any] | None) -> str:
    """The queue by which a message came, by its exchange and routing key; UNKNOWN if it may be several."""
    exchange, key = ((delivery_info or {}).get(each) or "" for each in ("exchange", "routing_key"))
    queues = app.amqp.queues
    if not exchange:  # the default exchange, whose routing keys are the names of queues
        return label_of(queues[key]) if key in queues else UNKNOWN
    found = {label_of(queue) for queue in list(queues.values()) if _is_bound(queue, exchange, key)}
    return found.pop() if len(found) == 1 else UNKNOWN


def _is_bound(queue: Queue, exchange: str, key: str) -> bool:
    bindings = [(queue.exchange, queue.routing_key), *((each.exchange, each.routing_key) for each in queue.bindings)]
    return any(_matches(each, bound or "", key) for each, bound in bindings if each and each.name == exchange)


def _matches(exchange: Any, bound: str, key: str) -> bool:
    if exchange.type == "topic":
        return _topics._match(_topics.key_to_pattern(bound), key) is not None
    return exchange.type == "fanout" or bound == key
