"""Tells Django about the package; what it does at start is in the settings and in the signal handlers."""

import sys
from pathlib import Path

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class ObservabilityConfig(AppConfig):
    name = "django_o11y"

    def ready(self) -> None:
        from django_o11y import checks, conf, errors, metrics, tracing  # noqa: F401 - the checks are registered

        errors.join()
        try:
            version = conf.get().version
        except ImproperlyConfigured:
            return  # the checks say so; commands go on
        metrics.BUILD_INFO.labels(version).set(1)
        if not Path(sys.argv[0]).match("*celery*"):  # its parent forks after this; its processes begin by themselves
            tracing.start()
