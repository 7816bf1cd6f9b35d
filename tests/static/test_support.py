"""The logic of the clients: variables of boards, samples of /metrics, ids."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.boards import PanelQuery, fill, load_boards, panel_queries, values_of
from tests.support.erp import Ids, sum_samples
from tests.support.panels import nowhere, without_constants

BOARD: dict[str, Any] = {
    "uid": "sample",
    "templating": {
        "list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            {"name": "logs", "type": "datasource", "query": "loki"},
            {"name": "job", "type": "query", "query": {"query": 'label_values(up{job=~"erp-.+"}, job)'}},
            {"name": "view", "type": "query", "includeAll": True, "query": "label_values(view)"},
            {"name": "quantile", "type": "custom", "query": "0.95,0.99"},
        ]
    },
    "panels": [
        {"title": "Text", "type": "text"},
        {
            "title": "Rate",
            "datasource": {"uid": "${datasource}"},
            "targets": [{"refId": "A", "expr": 'rate(x{job="$job",view=~"${view:regex}"}[$__rate_interval])'}],
        },
        {
            "title": "Row",
            "type": "row",
            "panels": [
                {
                    "title": "Lines",
                    "targets": [
                        {
                            "refId": "A",
                            "datasource": {"type": "loki", "uid": "$logs"},
                            "expr": '{service="[[job]]"}',
                        }
                    ],
                }
            ],
        },
    ],
}
EXPOSITION = """# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{view="a",status="200"} 3.0
requests_total{view="a",status="500"} 1.0
requests_total{view="b,}",status="200"} 5.0
requests_total_created{view="a"} 1.7e+09
up 1
"""


def offered(label: str, matcher: str) -> list[str]:
    return {("job", 'up{job=~"erp-.+"}'): ["erp-web", "erp-worker"]}[label, matcher]


def test_queries_of_all_panels_are_found() -> None:
    assert [(q.panel, q.kind) for q in panel_queries(BOARD)] == [("Rate", "prometheus"), ("Lines", "loki")]


def test_variables_are_filled_in_every_spelling() -> None:
    filled = [query.filled(values_of(BOARD, offered)).expression for query in panel_queries(BOARD)]
    assert filled == ['rate(x{job="erp-web",view=~".+"}[40s])', '{service="erp-web"}']


def test_the_first_custom_value_is_taken() -> None:
    assert values_of(BOARD, offered)["quantile"] == "0.95"


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"\$nobody"):
        fill("up{job='$nobody'}", {})


def test_a_variable_without_values_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"\$job offers nothing"):
        values_of(BOARD, lambda label, matcher: [])


def test_every_committed_board_has_queries() -> None:
    boards = load_boards()
    assert boards
    assert [uid for uid, board in boards.items() if not panel_queries(board)] == []


@pytest.mark.parametrize(
    ("labels", "total"),
    [({"view": "a"}, 4), ({"view": "b,}"}, 5), ({"status": "200"}, 8), ({"view": "c"}, 0)],
)
def test_samples_with_the_labels_are_added_up(labels: dict[str, str], total: float) -> None:
    assert sum_samples(EXPOSITION, "requests_total", labels) == total


def test_a_sample_without_labels_is_read() -> None:
    assert sum_samples(EXPOSITION, "up", {}) == 1


def test_trace_header_has_the_shape_of_the_standard() -> None:
    ids = Ids.fresh()
    version, trace, span, flags = ids.headers["traceparent"].split("-")
    assert (version, trace, len(trace), len(span), flags) == ("00", ids.trace, 32, 16, "01")


@pytest.mark.parametrize(
    ("query", "proving"),
    [
        ("sum(up) or vector(0)", "sum(up)"),
        ("1 - (sum(up) or on () vector(0))", "1 - (sum(up))"),
        ('max by (job) (up or label_replace(vector(0), "job", "x", "", ""))', "max by (job) (up)"),
        ("rate(errors[1m]) or 0 * rate(requests[1m])", "rate(errors[1m]) or 0 * rate(requests[1m])"),
    ],
)
def test_what_is_made_up_is_taken_out(query: str, proving: str) -> None:
    assert without_constants(PanelQuery("board", "panel", "A", "prometheus", query)).expression == proving


def test_a_query_is_led_nowhere_metric_by_metric() -> None:
    query = PanelQuery("board", "panel", "A", "prometheus", 'sum(up{job="x"}) / sum(up:count or up_total)')
    assert nowhere(query).expression == 'sum(up_renamed{job="x"}) / sum(up:count_renamed or up_total_renamed)'
    lines = PanelQuery("board", "panel", "A", "loki", '{service=~".+"}')
    assert nowhere(lines).expression == '{nobody_has_this_label=~".+"}'
