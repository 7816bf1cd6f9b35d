"""Pending migrations are counted for each database that Django migrates, from the first scrape on."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection, connections
from harness.wait import eventually

from django_instrumentation import migrations
from django_instrumentation.bounded import Bounded
from django_instrumentation.migrations import PendingMigrationsCollector, count_pending


def samples(collector: PendingMigrationsCollector) -> dict[str, float]:
    return {sample.labels["connection"]: sample.value for metric in collector.collect() for sample in metric.samples}


def pending() -> int:
    return Bounded(lambda: count_pending("default"), seconds=10).ask()


def another(**changed: object) -> dict[str, object]:
    """The settings of a further database."""
    return {**connections.settings["default"], **changed}


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_the_database_lacks_is_counted() -> None:
    assert pending() == 0
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'orders' RETURNING id, app, name, applied")
        taken = cursor.fetchall()
        try:
            assert pending() == len(taken)
        finally:
            for row in taken:
                cursor.execute("INSERT INTO django_migrations VALUES (%s, %s, %s, %s)", row)
    assert taken


@pytest.mark.django_db(transaction=True)
def test_the_first_scrape_of_a_process_has_the_count() -> None:
    assert samples(PendingMigrationsCollector()) == {"default": 0.0}


class Router:
    """The orders go to the database "orders" alone, and nothing at all to "reports"."""

    def allow_migrate(self, db: str, app_label: str, **_: object) -> bool | None:
        if db == "reports":
            return False
        return (app_label == "orders") is (db == "orders")


def test_a_database_lacks_only_what_its_router_migrates(
    aliases: dict[str, dict[str, object]], settings: object, small_sqlite: dict[str, object]
) -> None:
    aliases.update(orders=small_sqlite, reports=small_sqlite, away=another(ENGINE="django.db.backends.dummy"))
    settings.DATABASE_ROUTERS = [Router()]
    found = samples(PendingMigrationsCollector())
    assert found.pop("orders") == len(list(orders_migrations()))
    assert found == {"default": 0.0}


@pytest.fixture
def small_sqlite(tmp_path: object) -> dict[str, object]:
    """A database without any table."""
    return another(ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "small.sqlite3"), OPTIONS={})


def orders_migrations() -> Iterator[str]:
    return (settings.BASE_DIR / "orders" / "migrations").glob("0*.py")


def test_a_database_that_hangs_holds_up_one_scrape_and_hides_no_other(
    aliases: dict[str, dict[str, object]], black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "DEADLINE_SECONDS", 1.0)
    aliases["hangs"] = another(PORT=str(black_hole))
    collector, began = PendingMigrationsCollector(), time.monotonic()
    eventually(lambda: samples(collector) == {"default": 0.0}, "the database that answers")
    assert time.monotonic() - began < 4
    threads, began = threading.active_count(), time.monotonic()
    for _ in range(5):
        assert samples(collector) == {"default": 0.0}
    assert time.monotonic() - began < 0.5
    assert threading.active_count() <= threads


class Broken:
    def allow_migrate(self, *_: object, **__: object) -> bool:
        raise LookupError("no tenant")


def test_a_router_that_fails_costs_its_sample_and_no_scrape(settings: object) -> None:
    settings.DATABASE_ROUTERS = [Broken()]
    collector = PendingMigrationsCollector()
    assert [samples(collector) for _ in range(2)] == [{}, {}]


def test_without_an_answer_there_is_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(alias: str) -> int:
        raise OSError("away")

    monkeypatch.setattr(migrations, "count_pending", fails)
    collector = PendingMigrationsCollector()
    assert samples(collector) == {}
    assert samples(collector) == {}
