"""The fixtures of all tests of the ERP."""

import json
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache, caches
from django.db import connections
from django.test import Client
from pytest_django import DjangoDbBlocker
from rest_framework.authtoken.models import Token

from catalog.models import Product
from config.celery import app as celery_app
from config.demo import make_demo_data
from django_instrumentation.logging import FILTERS, LineFormatter
from harness import processes
from harness.partner import Partner
from harness.tracker import Tracker
from organizations.models import User


@pytest.fixture(scope="session")
def running_partner() -> Iterator[Partner]:
    partner = Partner(django_settings.PARTNER_API_KEY)
    with partner.running():
        yield partner


@pytest.fixture
def partner(running_partner: Partner, settings: object) -> Iterator[Partner]:
    settings.PAYMENT_API_URL = settings.SHIPPING_API_URL = running_partner.url
    running_partner.reset()
    yield running_partner
    running_partner.reset()


@pytest.fixture(scope="session")
def running_tracker() -> Iterator[Tracker]:
    tracker = Tracker()
    with tracker.running():
        yield tracker


@pytest.fixture
def tracker(running_tracker: Tracker) -> Tracker:
    running_tracker.reset()
    return running_tracker


@pytest.fixture
def queue() -> Iterator[None]:
    """An empty broker and cache, in databases of the tests' own."""
    _empty()
    yield
    _empty()


def _empty() -> None:
    cache.clear()
    with celery_app.connection_for_write() as connection, connection.channel() as channel:
        channel.client.flushdb()


@pytest.fixture
def quick_passwords(settings: object) -> None:
    """The real hasher takes half a second, as it should."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def demo(transactional_db: None, queue: None, quick_passwords: None) -> User:
    """The demo data; the buyer."""
    make_demo_data()
    return User.objects.get(username="buyer")


@pytest.fixture
def stock(demo: User) -> Product:
    return Product.objects.get(sku="SKU-0001")


@pytest.fixture
def token(demo: User) -> str:
    """The buyer's."""
    return Token.objects.create(user=demo).key


@pytest.fixture
def buyer(token: str) -> Client:
    """A client that is logged in to the API."""
    return Client(headers={"authorization": f"Token {token}"}, raise_request_exception=False)


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """What this process logs during the test, as lines of JSON."""
    handler = Lines()
    for each in FILTERS:
        handler.addFilter(each)
    handler.setFormatter(LineFormatter(application="test", service="test", env="sandbox", version="test"))
    logging.getLogger().addHandler(handler)
    yield handler.lines
    logging.getLogger().removeHandler(handler)


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        assert "\n" not in text
        self.lines.append(json.loads(text))


@pytest.fixture(scope="module")
def web(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    running_partner: Partner,
    running_tracker: Tracker,
) -> Iterator[processes.HttpProcess]:
    """gunicorn with three workers, a tracker and a partner."""
    with processes.web(_folder(tmp_path_factory), **_neighbours(running_partner, running_tracker)) as process:
        yield process


@pytest.fixture(scope="module")
def worker(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    running_partner: Partner,
    running_tracker: Tracker,
) -> Iterator[processes.HttpProcess]:
    """A Celery worker with two processes and some tasks of the tests' own."""
    path = processes.with_support(str(Path(__file__).parent.parent))
    env = {**_neighbours(running_partner, running_tracker), "PYTHONPATH": path}
    folder = _folder(tmp_path_factory)
    with processes.celery(folder, "worker", "-I", "harness.tasks", "--concurrency", "2", **env) as process:
        yield process


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("process")


def _neighbours(partner: Partner, tracker: Tracker) -> dict[str, str]:
    return {"PAYMENT_API_URL": partner.url, "SHIPPING_API_URL": partner.url, "SENTRY_DSN": tracker.dsn}


@pytest.fixture
def small_disk() -> Path:
    """A disk of a few MB for the tests alone; `python -m tests.app_container` mounts one."""
    assert "SMALL_DISK" in os.environ, "SMALL_DISK is not set; expected the path of a tmpfs of a few MB"
    found = Path(os.environ["SMALL_DISK"])
    size = os.statvfs(found).f_blocks * os.statvfs(found).f_bsize
    assert size <= 16 << 20, f"SMALL_DISK has {size} bytes; expected at most 16 MB, since a test fills it"
    return found


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def dead_cache() -> Iterator[None]:
    """A cache whose port is closed."""
    given = django_settings.CACHES["default"]
    location, given["LOCATION"] = given["LOCATION"], f"redis://127.0.0.1:{processes.free_port()}/0"
    _connect_anew()
    yield
    given["LOCATION"] = location
    _connect_anew()


def _connect_anew() -> None:
    assert caches["default"]
    del caches["default"]


@pytest.fixture
def aliases(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, dict[str, object]]]:
    """Databases, to be changed by a test. Not with `db`, which forbids to connect to any that came later."""
    given = connections.settings
    before = dict(given)
    with django_db_blocker.unblock():
        yield given
    given.clear()
    given.update(before)
