"""How many of the code's migrations each database lacks: more than 0 means that a deploy didn't run them."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from django.apps import apps
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from django_instrumentation import databases
from django_instrumentation.bounded import Bounded

KEEP_SECONDS = 60.0
DEADLINE_SECONDS = 2.5


class PendingMigrationsCollector(Collector):
    """Counts in a thread for each database, because reading all migrations takes long and a database may hang.

    The first scrape of a process waits for the counts, but no longer than for the deadline; others get the last ones.
    """

    def __init__(self) -> None:
        self._pending: dict[str, Bounded[int | None]] | None = None

    def collect(self) -> Iterator[Metric]:
        """One sample per database that Django migrates, or none while it gives no answer."""
        first = self._pending is None
        if self._pending is None:
            self._pending = {
                alias: Bounded(partial(count_pending, alias), seconds=DEADLINE_SECONDS, keep_seconds=KEEP_SECONDS)
                for alias in connections
                if databases.is_real(alias)
            }
        begun = {alias: asked.begin() for alias, asked in self._pending.items()}
        family = GaugeMetricFamily(
            "django_migrations_pending", "Migrations that the code has and the database lacks.", labels=["connection"]
        )
        for alias, asked in self._pending.items():
            if first:
                with suppress(Exception):  # then there is no answer
                    begun[alias]()
            if (number := asked.last) is not None:
                family.add_metric([alias], number)
        if family.samples:
            yield family


def migrated_apps(alias: str) -> set[str]:
    """The labels of the apps of which the routers let at least one model into the database."""
    return {
        config.label
        for config in apps.get_app_configs()
        if any(
            router.allow_migrate(alias, config.label, model_name=model._meta.model_name)
            for model in config.get_models(include_auto_created=True)
        )
    }


def count_pending(alias: str) -> int | None:
    """None where Django migrates nothing. To be called in a thread of its own, whose connection it closes."""
    expected = migrated_apps(alias)
    if not expected:
        return None
    connection = connections[alias]  # this thread's own; the executor asks for it by its alias
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return sum(migration.app_label in expected for migration, _ in plan)
    finally:
        connection.close()
