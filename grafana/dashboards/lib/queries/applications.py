"""Every application that is seen, whatever the board's choice is: a row for each of its services.

The stack's own parts and the sandbox's are left out.
"""

from grafana.dashboards.lib.queries.common import BY_SERVICE, or_zero, quantile, rate_by

OTHERS = 'application!~"|monitoring|sandbox"'
_LATENCY = "django_http_requests_latency_seconds_by_view_method"
_VERSION = f"{BY_SERVICE}, version"
# Aggregated, because the name of a recorded series is a label that would keep its row apart from the others.
_ERRORS = f"max by ({BY_SERVICE}) (service:django_http_errors:ratio_rate5m{{{OTHERS}}})"
_REQUESTS = f"sum by ({BY_SERVICE}) (service:django_http_responses:rate5m{{{OTHERS}}})"
_BUILD = f"timestamp(build_info{{{OTHERS}}})"
# A version of the last minutes may have no sample at a step of the subquery yet.
_FIRST_SEEN = f"min by ({_VERSION}) (min_over_time({_BUILD}[1w:5m]) or {_BUILD})"
_UP = f'min by ({BY_SERVICE}) (up{{{OTHERS},probe=""}})'
# What has ended, as a migration does, writes no line any more; its count stays.
_LINES = rate_by(BY_SERVICE, "promtail_log_lines_total", OTHERS, per=" * 60")

FIGURES = {
    "Up": _UP,
    "Requests": _REQUESTS,
    "Server errors": f"({or_zero(_ERRORS, _REQUESTS)}) >= 0",
    "p95": quantile(0.95, _LATENCY, OTHERS, BY_SERVICE) + " >= 0",
    "Log lines": f"{_LINES} > 0 or {_LINES} and on ({BY_SERVICE}) {_UP}",
    "Deployed": f"{_FIRST_SEEN} * 1000 and on ({_VERSION}) build_info",
}
