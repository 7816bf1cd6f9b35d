"""The overview: what users get, what fails, whom applications depend on, what was promised."""

from grafana.dashboards.lib.queries.common import (
    BY_SERVICE,
    PROCESS,
    SERVICE,
    counted_by,
    lines_by,
    lines_of,
    or_zero,
    percentiles,
    quantile,
    rate_by,
    recorded,
    recorded_of_application,
    share,
    total,
)

_TELEMETRY = ".*(metrics|livez|readyz|healthz)"
_RESPONSES = "django_http_responses_total_by_status_view_method_total"
_LATENCY = "django_http_requests_latency_seconds_by_view_method"
_USERS = f'{PROCESS},view=~"$view",view!~"{_TELEMETRY}"'

# Is everything there

VIEW_NAMES = f"label_values({_RESPONSES}{{{SERVICE}}}, view)"
_SCRAPED = f'{SERVICE},probe=""'
TARGETS_UP = f"min by (application, env, job) (up{{{_SCRAPED}}})"
TARGETS_DOWN = f"count(up{{{_SCRAPED}}}) - sum(up{{{_SCRAPED}}})"
PROBES = f'min by ({BY_SERVICE}, probe) (probe_success{{{SERVICE},probe!="port"}})'
RUNNING = {
    "Instances": f"sum by ({BY_SERVICE}, version) (build_info{{{PROCESS}}})",
    "Migrations pending": f"max by ({BY_SERVICE}) (django_migrations_pending{{{PROCESS}}})",
}

# What users get

REQUEST_RATE = total(_RESPONSES, _USERS)
REQUEST_RATE_BY_STATUS = rate_by("status", _RESPONSES, _USERS)
REQUEST_RATE_BY_VIEW = rate_by("view", _RESPONSES, _USERS)
IN_FLIGHT = f"sum by ({BY_SERVICE}) (http_requests_in_flight{{{PROCESS}}})"
# The alert's own recording rule, with a zero where there were requests and no error.
_ANSWERED = recorded("service:django_http_responses:rate5m")
ERROR_RATIO = f"max({or_zero(recorded('service:django_http_errors:ratio_rate5m'), _ANSWERED)})"
_OVER_1S = recorded("service:django_http_over_1s:increase5m")
SLOW_SHARES = {
    "beyond 1 s": f"max({_OVER_1S} / {recorded('service:django_http_latency:increase5m')})",
    "beyond 2.5 s": f"max({recorded('service:django_http_over_2s5:ratio10m')})",
    "beyond 5 s": f"max({recorded('service:django_http_over_5s:ratio10m')})",
}
LATENCY = percentiles(_LATENCY, _USERS)
LATENCY_P95 = quantile(0.95, _LATENCY, _USERS)
LATENCY_P95_BY_VIEW = quantile(0.95, _LATENCY, _USERS, "view")
# With the labels that the search for traces needs.
LATENCY_P95_OF_VIEWS = quantile(0.95, _LATENCY, _USERS, BY_SERVICE, "view")
ERRORS_BY_VIEW = share(rate_by("view", _RESPONSES, f'{_USERS},status=~"5.."'), REQUEST_RATE_BY_VIEW)
# A view that nobody asks for has no latency and no share: its NaN is left out.
VIEWS = {
    "Requests": REQUEST_RATE_BY_VIEW,
    "p95": f"{LATENCY_P95_BY_VIEW} >= 0",
    "Server errors": f"{ERRORS_BY_VIEW} >= 0",
}
LAST_WEEK = {
    "now": f"sum({_ANSWERED})",
    "expected (a week ago)": f"sum({_ANSWERED} offset 1w)",
}
ERROR_SHARES = {
    f"{digit}xx": share(total(_RESPONSES, f'{_USERS},status=~"{digit}.."'), REQUEST_RATE) for digit in (4, 5)
}

# What was promised

# A step of whole minutes has its first value up to a minute after the rule: until then what the rule says now.
_FAILED, _ASKED = (
    f"(sum_over_time({rate}[30d:1m]) or {rate})"
    for rate in (recorded_of_application(f"slo:{of}:rate5m") for of in ("errors", "requests"))
)
_BUDGET = recorded_of_application("slo:error_budget:ratio")
BUDGET_LEFT = f"1 - {_FAILED} / {_ASKED} / {_BUDGET}"
BURN = recorded_of_application("slo:error_budget:burn1h")

# What fails

EXCEPTIONS_BY_LEVEL = rate_by("level", "sentry_events_total", per=" * 60")
EXCEPTIONS_LOST = rate_by("reason", "sentry_dropped_total", per=" * 60")
EXCEPTIONS_PER_REQUEST_SERIES = "service:sentry_events:per_request5m"
EXCEPTIONS_PER_REQUEST = recorded(EXCEPTIONS_PER_REQUEST_SERIES)
EXCEPTIONS_BY_TYPE = or_zero(rate_by("type", "django_http_exceptions_total_by_type_total", per=" * 60"), REQUEST_RATE)
CLIENT_ERRORS = rate_by("error", "http_client_errors_total", per=" * 60")
REFUSED = counted_by("view, method, status", _RESPONSES, f'{_USERS},status=~"4.."') + " > 0"
_REFUSALS = f'{lines_of("$service")} |~ `"status": 4\\d\\d`'
REFUSED_BY_USER = f"topk(10, {lines_by('user_id', _REFUSALS)})"

# Whom it depends on

EXTERNAL_BY_OUTCOME = rate_by("application, env, api, outcome", "external_requests_total")
EXTERNAL_P95 = quantile(0.95, "external_request_duration_seconds", PROCESS, "application, env, api")
EXTERNAL_FAILURES = recorded_of_application("api:external_failures:ratio_rate5m")
