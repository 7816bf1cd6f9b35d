"""A worker of the package whose broker is RabbitMQ itself: what it says of its queues is what RabbitMQ says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests import image_targets
from tests.support import parts, stack
from tests.support.ports import free_port
from tests.support.wait import eventually

SETTINGS = """
SECRET_KEY = "of the test"
INSTALLED_APPS = MIDDLEWARE = []
CELERY_BROKER_URL = "amqp://guest:guest@{broker}:5672//"
import django_instrumentation
django_instrumentation.setup(globals())
"""
APP = """
import threading
from celery import Celery
from kombu import Exchange, Queue

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [
    Queue("celery"),
    Queue("orders", routing_key="order"),
    Queue("urgent", queue_arguments={"x-max-priority": 9}),
    Queue("events", Exchange("events", type="topic"), routing_key="event.#"),
    Queue("absent", no_declare=True),
    Queue("private", exclusive=True),
]

@app.task
def wait():
    threading.Event().wait(300)
"""
SEND = """
from shop import app, wait
for queue, number in {"orders": 3, "urgent": 2, "celery": 1}.items():
    for _ in range(number):
        wait.apply_async(queue=queue)
wait.apply_async(exchange="events", routing_key="event.paid", declare=[app.amqp.queues["events"]])
print("sent")
"""
METRICS = """
import urllib.request
asked = urllib.request.Request("http://127.0.0.1:8001/metrics", headers={"Authorization": "Bearer of-the-test-alone"})
print(urllib.request.urlopen(asked, timeout=10).read().decode())
"""
CELERYS_OWN = re.compile(r"^celeryev\.|\.pidbox$")
SAMPLE = "celery_queue_length{queue="


class Shop:
    """The names of two containers on a network of their own."""

    def __init__(self, network: str) -> None:
        self.network = network
        self.broker, self.worker = f"{network}-broker", f"{network}-worker"

    def start(self, name: str, image: str, *options: str, command: tuple[str, ...] = ()) -> None:
        given = ("--memory=1g", "--cap-drop=ALL", "--network", self.network, *options)
        stack.run("docker", "run", "--detach", "--name", name, *given, image, *command, timeout=600)

    def says(self) -> dict[str, int]:
        """The lengths on the worker's /metrics."""
        lines = stack.run("docker", "exec", self.worker, "python", "-c", METRICS).splitlines()
        found = [line.removeprefix(SAMPLE).split("} ") for line in lines if line.startswith(SAMPLE)]
        return {name.strip('"'): int(float(value)) for name, value in found}

    def listed(self) -> dict[str, int]:
        """By RabbitMQ's own command."""
        asked = ("rabbitmqctl", "list_queues", "name", "messages_ready", "--formatter=json", "--quiet")
        found = json.loads(stack.run("docker", "exec", self.broker, *asked))
        return {each["name"]: each["messages_ready"] for each in found if not CELERYS_OWN.search(each["name"])}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Readable for every user, which pytest's own aren't."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def shop(folder: Path) -> Iterator[Shop]:
    started = Shop(f"erp-rabbitmq-test-{free_port()}")
    (folder / "settings.py").write_text(SETTINGS.format(broker=started.broker), encoding="utf-8")
    (folder / "shop.py").write_text(APP, encoding="utf-8")
    stack.run("docker", "network", "create", started.network)
    try:
        started.start(started.broker, parts.image("rabbitmq"), f"--hostname={started.broker}", "--user=rabbitmq")
        ready = ("docker", "exec", started.broker, "rabbitmqctl", "await_startup", "--timeout", "5")
        eventually(lambda: stack.run(*ready) is not None, "RabbitMQ to start", 120, not_yet=(stack.CommandError,))
        environment = {
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": "/shop",
            "METRICS_TOKEN": "of-the-test-alone",
            "PROMETHEUS_MULTIPROC_DIR": "/tmp/metrics",  # noqa: S108 - in a container of its own
        }
        given = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        options = (*given, f"--volume={folder}:/shop:ro", "--workdir=/tmp")
        command = ("celery", "-A", "shop", "worker", "-Q", "orders", "-c", "1", "--prefetch-multiplier", "1")
        started.start(started.worker, image_targets.build("erp", "test"), *options, command=command)
        eventually(lambda: "orders" in started.says(), "the worker's /metrics", 60, not_yet=(stack.CommandError,))
        yield started
    finally:
        stack.run("docker", "rm", "--force", "--volumes", started.broker, started.worker)
        stack.run("docker", "network", "rm", started.network)


def test_a_worker_says_what_rabbitmq_says_of_each_queue_that_it_can_ask_for(shop: Shop) -> None:
    sent = stack.run("docker", "exec", shop.worker, "python", "-c", SEND)
    assert sent.endswith("sent\n")
    waiting = {"celery": 1, "orders": 1, "urgent": 2, "events": 1}  # of the orders one runs and one is prefetched
    eventually(shop.listed, "RabbitMQ's own list", 30, until=lambda found: found == waiting)
    assert shop.says() == waiting


def test_without_the_broker_there_is_no_length(shop: Shop) -> None:
    stack.run("docker", "kill", shop.broker)
    eventually(shop.says, "no length at all", 30, until=lambda found: found == {})
