"""Who may ask what of which program; what the gateway's own rules say no to, whatever the program would do."""

import pytest

from gateway.guard import rights

SILENCE = "/api/v2/silence/0a1b2c3d-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("program", "method", "path"),
    [
        ("grafana", "GET", "/d/overview"),
        ("grafana", "POST", "/api/datasources/proxy/uid/prometheus/api/v1/query_range"),
        ("grafana", "POST", "/api/datasources/proxy/uid/loki/loki/api/v1/query"),
        ("grafana", "POST", "/api/ds/query"),
        ("prometheus", "GET", "/user/docs/runbooks/ApplicationDown.md"),
        ("prometheus", "POST", "/api/v1/query"),
        ("alertmanager", "GET", "/api/v2/alerts"),
        ("loki", "GET", "/loki/api/v1/label/service/values"),
        ("jaeger", "GET", "/jaeger/api/traces/0af7651916cd43dd8448eb211c80319c"),
        ("loki", "POST", "/loki/api/v1/query_range"),
        ("tracker", "POST", "/accounts/login/"),
        ("inbox", "GET", "/api/notifications"),
    ],
)
def test_each_role_reads(program: str, method: str, path: str) -> None:
    assert rights.may("viewer", program, method, path)
    assert rights.may("operator", program, method, path)


@pytest.mark.parametrize(
    ("program", "method", "path"),
    [
        ("alertmanager", "POST", "/api/v2/silences"),
        ("alertmanager", "DELETE", SILENCE),
        ("grafana", "POST", "/api/dashboards/db"),
        ("tracker", "POST", "/issues/1/"),
    ],
)
def test_only_an_operator_changes(program: str, method: str, path: str) -> None:
    assert rights.may("operator", program, method, path)
    assert not rights.may("viewer", program, method, path)


@pytest.mark.parametrize(
    ("program", "method", "path"),
    [
        ("prometheus", "POST", "/api/v1/write"),
        ("prometheus", "POST", "/-/quit"),
        ("prometheus", "GET", "/debug/pprof/heap"),
        ("prometheus", "GET", "/%64ebug/pprof/heap"),
        ("prometheus", "GET", "/api/v1/%61dmin/tsdb/snapshot"),
        ("alertmanager", "GET", "/debu%67/pprof/"),
        ("prometheus", "POST", "/api/v1/query/../admin/tsdb/delete_series"),
        ("alertmanager", "POST", "/api/v2/alerts"),
        ("alertmanager", "POST", "/-/reload"),
        ("loki", "POST", "/loki/api/v1/push"),
        ("loki", "POST", "/loki/api/v1/delete"),
        ("jaeger", "POST", "/jaeger/api/transform"),
        ("loki", "GET", "/ingester/shutdown"),
        ("inbox", "POST", "/v2/enqueue"),
        ("inbox", "GET", "/heartbeat"),
    ],
)
def test_nobody_writes_past_the_guard(program: str, method: str, path: str) -> None:
    assert not rights.may("operator", program, method, path)


@pytest.mark.parametrize("path", ["/", "/d/x", "/api/v1/label/__name__/values", "/user/a.md", "/a%20b", "/a..b"])
def test_a_plain_path(path: str) -> None:
    assert rights.is_plain(path)


@pytest.mark.parametrize(
    "path", ["//x", "/a/../b", "/a/..", "/./a", "/a%2fb", "/%2E%2e/b", "/a\\b", "/a%5Cb", "/a%0ab"]
)
def test_a_path_that_others_may_read_in_another_way(path: str) -> None:
    assert not rights.is_plain(path)
