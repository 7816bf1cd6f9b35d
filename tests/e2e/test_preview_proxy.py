"""The preview passes reading calls on to its data sources, and no other."""

import pytest
import requests

from tests.support import stack

PROXY = "/api/datasources/proxy/uid"
REFUSED_CALLS = [
    ("POST", f"{PROXY}/prometheus/api/v1/admin/tsdb/delete_series"),
    ("POST", f"{PROXY}/prometheus/-/reload"),
    ("GET", f"{PROXY}/prometheus/api/v1/status/config"),
    ("PUT", f"{PROXY}/prometheus/api/v1/query"),
    ("DELETE", f"{PROXY}/prometheus/api/v1/query"),
    ("GET", f"{PROXY}/prometheus/api/v1/query/../status/config"),
    ("POST", f"{PROXY}/loki/loki/api/v1/push"),
    ("POST", f"{PROXY}/loki/loki/api/v1/delete"),
    ("GET", f"{PROXY}/loki/config"),
    ("GET", f"{PROXY}/alertmanager/api/v2/alerts"),
    ("POST", "/boards/overview.json"),
    ("PUT", "/index.html"),
]


@pytest.mark.parametrize(("method", "path"), REFUSED_CALLS)
def test_nothing_but_reading_passes_the_proxy(method: str, path: str) -> None:
    call = requests.Request(method, stack.url("grafana")).prepare()
    call.url = stack.url("grafana") + path  # as it is: requests would tidy the dots away
    with requests.Session() as session:
        assert session.send(call, timeout=20).status_code in (403, 404, 405)
