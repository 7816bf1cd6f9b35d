"""Reads Prometheus' text format."""

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families


def total(exposition: str, name: str, **labels: str) -> float:
    """The sum of the samples of that name that carry all these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def here(name: str, **labels: str) -> float:
    """The same in the process of the test."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
