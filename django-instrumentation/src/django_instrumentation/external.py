"""Counts and times calls of other services' APIs, whatever client makes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from time import perf_counter

from django_instrumentation import metrics

__all__ = ["declare", "external_call"]

OUTCOMES = ("ok", "rejected", "error", "timeout")


@dataclass(slots=True)
class Call:
    outcome: str = ""


def declare(api: str, *operations: str) -> None:
    """Make the series of an API before its first call, so that the first failure shows as a rise."""
    for operation in operations:
        metrics.EXTERNAL_DURATION.labels(api, operation)
        for outcome in OUTCOMES:
            metrics.EXTERNAL_REQUESTS.labels(api, operation, outcome)


@cache
def _declared(api: str, operation: str) -> None:
    declare(api, operation)


@contextmanager
def external_call(api: str, operation: str) -> Iterator[Call]:
    """Count one call as ok when the block ends, else as error, unless the block sets an outcome itself.

    The first call of an operation in a process makes the series of every outcome.
    """
    _declared(api, operation)
    call = Call()
    started = perf_counter()
    try:
        yield call
        call.outcome = call.outcome or "ok"
    finally:
        metrics.EXTERNAL_DURATION.labels(api, operation).observe(perf_counter() - started)
        metrics.EXTERNAL_REQUESTS.labels(api, operation, call.outcome or "error").inc()
