"""How many of the code's migrations the database lacks: more than 0 means that a deploy didn't run them."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from django_o11y.bounded import Bounded

KEEP_SECONDS = 60.0
DEADLINE_SECONDS = 5.0


class PendingMigrationsCollector(Collector):
    """Counts in a thread of its own, because reading all migrations takes long; a scrape gets the last count."""

    def __init__(self) -> None:
        self._pending = Bounded(count_pending, seconds=DEADLINE_SECONDS, keep_seconds=KEEP_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """One sample per database, or none before the first answer and while a database gives none."""
        self._pending.begin()
        found = self._pending.last
        if found is None:
            return
        family = GaugeMetricFamily(
            "django_migrations_pending", "Migrations that the code has and the database lacks.", labels=["connection"]
        )
        for alias, number in found.items():
            family.add_metric([alias], number)
        yield family


def count_pending() -> dict[str, int]:
    """By database; to be called in a thread of its own, whose connections it closes."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    found = {}
    for alias in connections:
        connection = connections[alias]  # this thread's own; the executor asks for it by its alias
        try:
            executor = MigrationExecutor(connection)
            found[alias] = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        finally:
            connection.close()
    return found
