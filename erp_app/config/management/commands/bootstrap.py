"""`manage.py bootstrap`: brings the database up to date, whatever its state; may be run again at any time."""

import logging
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from config import env
from config.demo import make_demo_data, make_user

DEADLINE_SECONDS = 60
PAUSE_SECONDS = 0.5
logger = logging.getLogger("bootstrap")


class Command(BaseCommand):
    help = "Waits for the database, migrates it, makes the admin and, in the sandbox, the demo data."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self._wait_for_database()
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        call_command("migrate", interactive=False, verbosity=0)
        logger.info("%d migrations were applied", len(plan))
        make_user("admin", env.secret("ADMIN_PASSWORD"), is_staff=True, is_superuser=True)
        logger.info("the admin is there")
        if settings.ENV == "sandbox":
            make_demo_data()
            logger.info("the demo data are there")

    def _wait_for_database(self) -> None:
        deadline = monotonic() + DEADLINE_SECONDS
        while True:
            try:
                connection.ensure_connection()
            except OperationalError as error:
                if monotonic() > deadline:
                    logger.critical(
                        "The database %s didn't answer for %d s; expected a connection: %s",
                        settings.DATABASES["default"]["HOST"],
                        DEADLINE_SECONDS,
                        error,
                    )
                    raise SystemExit(1) from error
                sleep(PAUSE_SECONDS)
            else:
                return
