"""Tells Django about the package; what it does at start is in the settings and in the signal handlers."""

import sys
from pathlib import Path

from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "django_o11y"

    def ready(self) -> None:
        from django_o11y import checks, conf, metrics, tracing  # noqa: F401 - importing the checks registers them

        metrics.BUILD_INFO.labels(conf.get().version).set(1)
        if not Path(sys.argv[0]).match("*celery*"):  # its parent forks after this; its processes begin by themselves
            tracing.start()
