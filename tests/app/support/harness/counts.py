"""Sends requests to a view of the ERP that nobody else calls, and reads how many of them /metrics has counted."""

from concurrent.futures import ThreadPoolExecutor

import requests

from harness.processes import HttpProcess
from harness.samples import total

RESPONSES = "django_http_responses_total_by_status_view_method_total"


def send(process: HttpProcess, number: int) -> None:
    """So many requests, each on a connection of its own, so that any worker may take it."""

    def get(_: int) -> int:
        return requests.get(f"{process.url}/api/version", headers={"Connection": "close"}, timeout=10).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(get, range(number))) == {200}


def counted(process: HttpProcess) -> float:
    return total(process.metrics(), RESPONSES, view="api-version", status="200", method="GET")
