"""Every rule reads metrics that this stack has: a misspelt or vanished one would keep its alert silent for ever."""

import pytest

from prometheus.rule_files import NOT_EVERYWHERE, metrics_read
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

READ = metrics_read()


def exists(prometheus: Prometheus, metric: str) -> bool:
    """At any time that Prometheus still remembers."""
    return bool(prometheus.get("series", **{"match[]": f'{{__name__="{metric}"}}', "limit": 1}))


@pytest.mark.parametrize("metric", sorted(set(READ) - NOT_EVERYWHERE))
def test_metric_of_a_rule_exists(metric: str, prometheus: Prometheus) -> None:
    readers = ", ".join(sorted(READ[metric]))
    eventually(lambda: exists(prometheus, metric), f"a series of {metric}, which {readers} reads", 60, interval=2)
