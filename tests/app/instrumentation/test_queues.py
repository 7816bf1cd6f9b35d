"""The length of each queue, from the real broker, whatever the transport's options and exchanges are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery, signals
from harness import processes, project
from harness.rabbit import LOCKED, Rabbit
from harness.samples import total
from harness.wait import eventually
from kombu import Exchange, Queue
from kombu.common import Broadcast

from django_instrumentation.queues import QueueCollector, queue_of

EVENTS = Exchange("events", type="topic")


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with project.broker() as client:
        yield client


def work() -> None:
    """Never run here."""


def new_app(url: str = "", **settings: Any) -> Celery:
    app = Celery("shop", broker=url or project.url(), set_as_current=False)
    app.conf.update(**settings)
    app.task(work, name="shop.work", shared=False)
    return app


def families(app: Celery) -> dict[str, dict[str, float]]:
    """By name and queue, what a scrape of a process with this app has."""
    found = QueueCollector(app).collect()
    return {each.name: {sample.labels["queue"]: sample.value for sample in each.samples} for each in found}


def lengths(app: Celery) -> dict[str, float]:
    return families(app)["celery_queue_length"]


def send(app: Celery, number: int, **options: Any) -> None:
    for _ in range(number):
        app.tasks["shop.work"].apply_async(**options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"global_keyprefix": "shop:"},
        {"priority_steps": list(range(10)), "sep": ":"},
        {"global_keyprefix": "{shop}", "priority_steps": [0, 5], "sep": "-"},
    ],
)
def test_waiting_tasks_of_all_priorities_are_added_up_whatever_the_options(
    broker: redis.Redis, options: dict[str, object]
) -> None:
    app = new_app(broker_transport_options=options)
    for priority in range(10):
        send(app, 1, priority=priority)
    assert lengths(app) == {"celery": 10}
    assert len(broker.keys("*celery*")) > 2  # the sub-queues and the binding


def test_each_virtual_host_has_queues_of_its_own(broker: redis.Redis) -> None:
    with project.broker(project.DATABASE - 1):
        other = new_app(project.url(project.DATABASE - 1))
        send(other, 3)
        assert lengths(new_app()) == {"celery": 0}
        assert lengths(other) == {"celery": 3}


def test_the_queues_that_routes_tasks_and_beat_name_are_measured_though_nobody_consumes_from_them(
    broker: redis.Redis,
) -> None:
    app = new_app(
        task_routes=({"shop.mail.*": "mail", "shop.print": {"queue": "paper"}}, lambda *_args, **_kwargs: None),
        beat_schedule={"nightly": {"task": "shop.work", "schedule": 60, "options": {"queue": "night"}}},
    )
    app.tasks["shop.work"].queue = "slow"
    broker.lpush("mail", "{}", "{}")
    assert lengths(app) == {"celery": 0, "mail": 2, "paper": 0, "night": 0, "slow": 0}
    assert list(app.amqp.queues.consume_from) == ["celery"]


def test_the_label_is_the_queue_of_a_topic_exchange_and_a_fan_out_on_redis_has_no_length(
    broker: redis.Redis,
) -> None:
    queues = [Queue("orders", EVENTS, "order.#"), Queue("bills", EVENTS, "bill.*"), Broadcast("news")]
    app = new_app(task_queues=queues, task_default_queue="orders")
    send(app, 2, exchange="events", routing_key="order.4711.paid", declare=queues[:2])
    send(app, 1, exchange="events", routing_key="bill.4711", declare=queues[:2])
    assert lengths(app) == {"orders": 2, "bills": 1}


@pytest.mark.parametrize(
    ("exchange", "key", "queue"),
    [
        ("", "plain", "plain"),
        ("", "tenant-4711", "unknown"),
        ("plain", "plain", "plain"),
        ("plain", "other", "unknown"),
        ("events", "order.4711.paid", "orders"),
        ("events", "bill.4711", "bills"),
        ("events", "paid.4711", "unknown"),
        ("events", "order.bill", "unknown"),  # in two of them
        ("news", "", "news"),
        ("twice", "b", "twice"),
        ("else", "order.1", "unknown"),
    ],
)
def test_a_message_is_told_to_its_queue(exchange: str, key: str, queue: str) -> None:
    twice = Exchange("twice")
    queues = [
        Queue("plain", Exchange("plain"), "plain"),
        Queue("orders", EVENTS, "order.#"),
        Queue("bills", EVENTS, "bill.*"),
        Queue("all-bills", EVENTS, "order.bill"),
        Queue("twice", bindings=[twice.binding("a"), twice.binding("b")]),
        Broadcast("news"),
    ]
    app = new_app("memory://", task_queues=queues)
    assert queue_of(app, {"exchange": exchange, "routing_key": key}) == queue
    assert set(app.amqp.queues) == {each.name for each in queues}  # and none was added by asking


def test_the_memory_transport_has_lengths_too() -> None:
    app = new_app("memory://")
    send(app, 2)
    assert lengths(app) == {"celery": 2}


def test_rabbitmq_is_asked_for_each_queue_and_one_that_it_refuses_costs_only_its_own_length() -> None:
    """Without RabbitMQ, whose answers harness.rabbit gives: kombu and py-amqp are real, on a real socket."""
    rabbit = Rabbit({"orders": 5, "own": LOCKED, "mail": 0, "paper": 2})
    names = ("absent", "orders", "own", "mail")
    with rabbit.running():
        app = new_app(rabbit.url, task_queues=[Queue(name) for name in names], task_default_queue="orders")
        app.conf.task_routes = {"shop.print": "paper"}
        assert lengths(app) == {"orders": 5, "mail": 0, "paper": 2}
    assert rabbit.asked == [(name, True) for name in (*names, "paper")]


def test_no_message_is_read_however_many_are_held(broker: redis.Redis) -> None:
    app = new_app()
    send(app, 1)
    body = b"x" * 1000
    for first in range(0, 60_000, 5_000):
        broker.hset("unacked", mapping={str(number): body for number in range(first, first + 5_000)})
    broker.config_resetstat()
    assert lengths(app) == {"celery": 1}
    stats = broker.info("commandstats")
    assert not {f"cmdstat_{name}" for name in ("hvals", "hgetall", "hscan", "hget", "lrange")} & set(stats), stats
    assert broker.info("stats")["total_net_output_bytes"] < 100_000


class Request:
    """What a worker keeps of a message."""

    def __init__(self, routing_key: str, *, acknowledged: bool = False) -> None:
        self.delivery_info = {"exchange": "", "routing_key": routing_key}
        self.acknowledged = acknowledged


def test_without_the_broker_there_is_no_length_and_what_a_worker_holds_is_told_by_queue() -> None:
    app = new_app(f"redis://127.0.0.1:{processes.free_port()}/0", task_queues=[Queue("a"), Queue("b")])
    requests = [Request("a"), Request("a", acknowledged=True), Request("a")]
    for request in requests:
        signals.task_received.send(sender=app, request=request)
    assert families(app) == {"celery_queue_unacknowledged": {"a": 2, "b": 0}}
    del requests[0]
    assert families(app) == {"celery_queue_unacknowledged": {"a": 1, "b": 0}}


def test_a_worker_under_a_prefix_and_a_topic_exchange_says_how_much_waits_and_how_much_it_holds(
    broker: redis.Redis, tmp_path: Path
) -> None:
    more = """
from kombu import Exchange, Queue
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "shop:"}
CELERY_TASK_QUEUES = [Queue("orders", Exchange("events", type="topic"), "order.#"), Queue("mail", routing_key="mail")]
CELERY_TASK_DEFAULT_QUEUE = "orders"
"""
    app = new_app(broker_transport_options={"global_keyprefix": "shop:"})
    with project.worker(tmp_path, "-Q", "orders", more=more) as worker:
        queues = [Queue("orders", EVENTS, "order.#")]
        for key in ("order.1", "order.2"):
            app.send_task("harness.tasks.say", ("x",), exchange="events", routing_key=key, declare=queues)
        app.send_task("harness.tasks.say", ("x",), countdown=60, exchange="events", routing_key="order.3")
        app.send_task("harness.tasks.say", ("x",), queue="mail")

        def sample(name: str, queue: str) -> float:
            return total(worker.metrics(), name, queue=queue)

        eventually(lambda: sample("celery_queue_wait_seconds_count", "orders") == 2, "two tasks to have run")
        eventually(lambda: sample("celery_queue_unacknowledged", "orders") == 1, "one task to be held for later")
        eventually(lambda: sample("celery_queue_length", "mail") == 1, "one to wait where nobody consumes")
        assert 'queue="order.1"' not in worker.metrics()
