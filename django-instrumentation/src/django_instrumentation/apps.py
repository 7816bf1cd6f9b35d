"""Tells Django about the package; what it does at start is in the settings and in the signal handlers."""

import sys
from importlib.util import find_spec
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class ObservabilityConfig(AppConfig):
    name = "django_instrumentation"

    def ready(self) -> None:
        from django_instrumentation import checks, conf, django_tasks, errors, installation, metrics, tracing  # noqa: F401 - checks register

        installation.put_in_front()
        errors.join()
        if find_spec("celery"):
            from django_instrumentation import celery

            celery.connect(is_logging_ours=installation.is_logging_ours(settings.LOGGING_CONFIG))
        django_tasks.connect()
        try:
            version = conf.get().version
        except ImproperlyConfigured:
            return  # the checks say so; commands go on
        django_tasks.serve_worker(sys.argv)
        metrics.BUILD_INFO.labels(version).set(1)
        if not Path(*sys.argv[:1]).match("*celery*"):  # its parent forks after this; its processes begin by themselves
            tracing.start()
