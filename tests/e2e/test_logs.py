"""Every service's lines are in Loki, under the labels of the contract."""

import pytest

from tests.support import stack
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus
from tests.support.services import SPEAKING
from tests.support.wait import eventually

ALLOWED = {"application", "service", "env", "level", "stream"}


@pytest.mark.parametrize("name", SPEAKING)
def test_service_has_lines(name: str, loki: Loki) -> None:
    query = f'sum(count_over_time({{service="{name}"}}[7d]))'
    if name in stack.expected_services():
        eventually(lambda: loki.value(query), f"lines of {name} in Loki", 30)
    else:
        assert loki.value(query) == 0


def test_labels_are_those_of_the_contract(loki: Loki) -> None:
    assert loki.label_names() == ALLOWED


def test_env_label_is_the_one_of_the_settings(loki: Loki) -> None:
    """Of the sample's lines: another application may be of another environment."""
    assert loki.label_values("env", '{application="erp"}') == [stack.setting("ENV")]


@pytest.mark.parametrize("name", ["erp-web", "erp-worker", "erp-beat", "traffic", "partner", "inbox"])
def test_lines_of_our_own_programs_are_objects_with_the_same_fields(name: str, loki: Loki) -> None:
    def fields() -> set[str]:
        entries = loki.entries(f'{{service="{name}",stream="stdout"}}', seconds=600, limit=50)
        return set.intersection(*(set(entry.fields) for entry in entries)) if entries else set()

    expected = {"timestamp", "level", "logger", "message", "application", "service", "env", "version"}
    expected |= {"request_id", "trace_id", "span_id", "user_id", "org_id", "task_id"}
    eventually(fields, f"lines of {name} with {sorted(expected)}", 90, until=lambda seen: seen >= expected)


def test_every_line_of_the_sample_is_accounted_for(prometheus: Prometheus) -> None:
    written = 'sum(log_lines_written_total{application="erp",service="erp-web"})'
    eventually(lambda: prometheus.value(written), "an account of erp-web", 180)
    assert prometheus.value('sum(log_lines_missing{application="erp"})') == 0
