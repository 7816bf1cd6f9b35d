"""The questions that panels ask, by name. A panel holds no PromQL or LogQL of its own.

`$job` is the board's choice of services; "All" is every job that has the metric. A sum of zeros stands in where
nothing has happened yet, and only there: without requests there is no error ratio either.
"""

from __future__ import annotations

JOB = 'job=~"$job"'
TELEMETRY = ".*(metrics|livez|readyz|healthz)"
RATE = "[$__rate_interval]"

_RESPONSES = "django_http_responses_total_by_status_view_method_total"
_LATENCY = "django_http_requests_latency_seconds_by_view_method_bucket"
_USERS = f'{JOB},view!~"{TELEMETRY}"'
_ALL_RESPONSES = f"sum(rate({_RESPONSES}{{{_USERS}}}{RATE}))"


def _quantile(quantile: float, bucket: str, labels: str, *by: str) -> str:
    return f"histogram_quantile({quantile}, sum by ({', '.join(('le', *by))}) (rate({bucket}{{{labels}}}{RATE})))"


def _rate_by(by: str, metric: str, labels: str = JOB, per: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{labels}}}{RATE})){per}"


# Is everything there

TARGETS_UP = f"min by (job) (up{{{JOB}}})"
TARGETS_DOWN = f"count(up{{{JOB}}}) - sum(up{{{JOB}}})"
PROBES = "min by (service, probe) (probe_success)"
# Watchdog always fires and is no news; without it there is no number, and that is news.
ALERTS_FIRING = 'count(ALERTS{alertstate="firing"}) - 1'
FIRING_ANNOTATION = 'sum by (alertname, service, severity) (ALERTS{alertstate="firing",alertname!="Watchdog"}) > 0'
DEPLOY_ANNOTATION = f"sum by (job, version) (build_info{{{JOB}}}) unless sum by (job, version) (build_info offset 1m)"

# What users get

REQUEST_RATE = _ALL_RESPONSES
REQUEST_RATE_BY_STATUS = _rate_by("status", _RESPONSES, _USERS)
REQUEST_RATE_BY_VIEW = _rate_by("view", _RESPONSES, _USERS)
# The alert's own recording rule, with a zero where there were requests and no error.
ERROR_RATIO = f"max(job:django_http_errors:ratio_rate5m{{{JOB}}} or 0 * job:django_http_responses:rate5m{{{JOB}}})"


def response_ratio(status: str) -> str:
    """The share of the responses whose status matches, such as 5.."""
    matching = f'sum(rate({_RESPONSES}{{{_USERS},status=~"{status}"}}{RATE}))'
    return f"({matching} or 0 * {_ALL_RESPONSES}) / {_ALL_RESPONSES}"


def latency(quantile: float) -> str:
    return _quantile(quantile, _LATENCY, _USERS)


LATENCY_P95_BY_VIEW = _quantile(0.95, _LATENCY, _USERS, "view")

# The business, and whom it depends on

ORDERS_PLACED = f'sum(rate(erp_orders_total{{{JOB},outcome="placed"}}{RATE})) * 60'
ORDERS_BY_OUTCOME = _rate_by("outcome, reason", "erp_orders_total", per=" * 60")
EXTERNAL_BY_OUTCOME = _rate_by("service, outcome", "external_requests_total")
EXTERNAL_P95 = _quantile(0.95, "external_request_duration_seconds_bucket", JOB, "service")

# The work behind

QUEUE_LENGTH = f"sum by (queue) (celery_queue_length{{{JOB}}})"
TASKS_BY_STATE = _rate_by("state", "celery_tasks_total")
QUEUE_WAIT_P95 = _quantile(0.95, "celery_queue_wait_seconds_bucket", JOB, "queue")
TASK_P95 = _quantile(0.95, "celery_task_duration_seconds_bucket", JOB, "task")

# Errors and lines

EXCEPTIONS_REPORTED = _rate_by("level", "sentry_events_total", per=" * 60")
EXCEPTIONS_DROPPED = _rate_by("reason", "sentry_dropped_total", per=" * 60")
LINES_BY_LEVEL = 'sum by (level) (count_over_time({service=~"$job"} [$__auto]))'
ERROR_LINES = '{service=~"$job",level=~"ERROR|CRITICAL"}'
ALL_LINES = '{service=~"$job"}'
