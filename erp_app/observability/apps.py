"""Tells Django about the package; what it does at start is in the settings and in the signal handlers."""

from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "observability"

    def ready(self) -> None:
        from observability import conf, metrics

        metrics.BUILD_INFO.labels(conf.get().version).set(1)
