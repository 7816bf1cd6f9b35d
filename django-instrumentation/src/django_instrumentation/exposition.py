"""What /metrics says and who may read it, for the web process and for Celery's parents alike."""

import hmac
from collections.abc import Iterable
from time import time

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from django_instrumentation import conf, multiprocess
from django_instrumentation.group_collector import GroupCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ClockCollector(Collector):
    """Beside the time of the scrape it shows a clock that is wrong."""

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("clock_timestamp_seconds", "This process's clock when it was asked.", value=time())


def render(*collectors: Collector) -> bytes:
    """All metrics of all processes of this service, and what `collectors` find out at this moment."""
    registry = CollectorRegistry()
    registry.register(GroupCollector() if multiprocess.folder() else REGISTRY)
    for collector in (ClockCollector(), *collectors):
        registry.register(collector)
    return generate_latest(registry)


def is_allowed(authorization: str) -> bool:
    token = conf.renewed("METRICS_TOKEN", conf.get().metrics_token)
    return bool(token) and hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())
