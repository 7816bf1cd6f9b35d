"""Calls of other services: what is there before the first of them has ended."""

from prometheus_client import REGISTRY

from django_instrumentation.external import OUTCOMES, external_call


def counted() -> list[float | None]:
    labels = {"api": "weather", "operation": "forecast"}
    return [REGISTRY.get_sample_value("external_requests_total", {**labels, "outcome": each}) for each in OUTCOMES]


def test_the_first_call_begins_with_a_zero_for_every_outcome() -> None:
    with external_call("weather", "forecast"):
        assert counted() == [0, 0, 0, 0]
    assert counted() == [1, 0, 0, 0]
