"""Pending migrations are counted per database, behind the back of a scrape."""

import pytest
from django.db import connection
from harness.wait import eventually

from django_o11y import migrations
from django_o11y.bounded import Bounded
from django_o11y.migrations import PendingMigrationsCollector, count_pending


def samples(collector: PendingMigrationsCollector) -> dict[str, float]:
    return {sample.labels["connection"]: sample.value for metric in collector.collect() for sample in metric.samples}


def pending() -> dict[str, int]:
    return Bounded(count_pending, seconds=10).ask()


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_the_database_lacks_is_counted() -> None:
    assert pending() == {"default": 0}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'orders' RETURNING id, app, name, applied")
        taken = cursor.fetchall()
        try:
            assert pending() == {"default": len(taken)}
        finally:
            for row in taken:
                cursor.execute("INSERT INTO django_migrations VALUES (%s, %s, %s, %s)", row)
    assert taken


@pytest.mark.django_db(transaction=True)
def test_the_first_scrape_does_not_wait() -> None:
    collector = PendingMigrationsCollector()
    assert samples(collector) == {}
    assert eventually(lambda: samples(collector), "pending migrations to be counted") == {"default": 0.0}


def test_without_an_answer_there_is_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> dict[str, int]:
        raise OSError("away")

    monkeypatch.setattr(migrations, "count_pending", fails)
    collector = PendingMigrationsCollector()
    assert samples(collector) == {}
    with pytest.raises(OSError, match="away"):
        collector._pending.ask()
    assert samples(collector) == {}
