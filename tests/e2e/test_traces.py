"""Where the trace store runs (TRACING=on), an order's trace is in it, from the request to its tasks and their calls."""

import json

from tests.support import stack
from tests.support.erp import Erp, Ids
from tests.support.wait import eventually

INSIDE = "inbox"  # a Python program on the store's network
FETCH = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
except urllib.error.HTTPError as error:
    print("{}" if error.code == 404 else error)
"""
ENDPOINT = 'import os; print(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""), end="")'


def services_of(trace: str) -> set[str]:
    """The services whose spans Tempo holds for this trace."""
    found = json.loads(stack.execute(INSIDE, "python", "-c", FETCH, f"http://tempo:3200/api/traces/{trace}"))
    attributes = [each for batch in found.get("batches", []) for each in batch["resource"]["attributes"]]
    return {each["value"]["stringValue"] for each in attributes if each["key"] == "service.name"}


def test_an_orders_trace_is_in_the_store_or_tracing_is_off(erp: Erp, report: list[str]) -> None:
    if "tempo" not in stack.expected_services():
        report.append("TRACING is off: no trace store was asked.")
        assert stack.execute("erp-web", "python", "-c", ENDPOINT) == stack.setting("OTEL_EXPORTER_OTLP_ENDPOINT")
        return
    ids = Ids.fresh("trace")
    assert erp.place_order(ids).status_code == 201
    eventually(
        lambda: services_of(ids.trace),
        f"spans of web and worker under {ids.trace} in Tempo",
        60,
        until=lambda seen: {"erp-web", "erp-worker"} <= seen,
    )
