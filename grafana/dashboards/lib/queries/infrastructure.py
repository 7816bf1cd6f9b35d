"""The machine, every container on it, the broker, and the monitoring's own health and cost.

`$host` is the board's choice of machines (instances of node_exporter). The monitoring's own parts are no choice.
"""

from grafana.dashboards.lib.queries import containers
from grafana.dashboards.lib.queries.common import APPLICATION, BY_SERVICE, RANGE, SERVICE, or_zero, rate_by, total

HOST = 'instance=~"$host"'
_WORKING = f'{HOST},mode!="idle"'
_DISKS = f'{HOST},device!~"loop.*|ram.*|dm-.*"'
_REAL = 'fstype!~"tmpfs|ramfs|squashfs|iso9660"'
_LINKS = f'{HOST},device!~"lo|veth.*|br-.*|docker.*"'

# The machine

CPU_BUSY = f"instance:node_cpu_busy:ratio_rate5m{{{HOST}}}"
CPU_WAITING = f"instance:node_cpu_waiting:ratio_rate5m{{{HOST}}}"
_CORES = f'count(node_cpu_seconds_total{{{HOST},mode="idle"}})'
CPU_BY_MODE = f"{rate_by('mode', 'node_cpu_seconds_total', _WORKING)} / on () group_left () {_CORES}"
MEMORY_AVAILABLE = f"instance:node_memory_available:ratio{{{HOST}}}"
MEMORY = {
    "used": f"sum(node_memory_MemTotal_bytes{{{HOST}}} - node_memory_MemAvailable_bytes)",
    "available": f"sum(node_memory_MemAvailable_bytes{{{HOST}}})",
}
OOM_KILLS = total("node_vmstat_oom_kill", HOST, per=" * 60")
DISK_AVAILABLE = f"min by (instance, mountpoint) (mountpoint:node_filesystem_available:ratio{{{HOST}}})"
DISK_AVAILABLE_LEAST = f"min(mountpoint:node_filesystem_available:ratio{{{HOST}}})"
_FILES = f"node_filesystem_files_free{{{HOST},{_REAL}}} / node_filesystem_files unless node_filesystem_readonly == 1"
INODES_AVAILABLE = f"min by (instance, mountpoint) ({_FILES})"
DISK_READ = rate_by("instance, device", "node_disk_read_bytes_total", _DISKS)
DISK_WRITTEN = rate_by("instance, device", "node_disk_written_bytes_total", _DISKS)
NET_RECEIVED = rate_by("instance, device", "node_network_receive_bytes_total", _LINKS)
NET_SENT = rate_by("instance, device", "node_network_transmit_bytes_total", _LINKS)
PRESSURE = {
    "CPU": f"max({CPU_WAITING})",
    "memory": f"max(rate(node_pressure_memory_waiting_seconds_total{{{HOST}}}[$__rate_interval]))",
    "disk": f"max(rate(node_pressure_io_waiting_seconds_total{{{HOST}}}[$__rate_interval]))",
}

# The application's cache

_HITS, _GETS = (f"sum(increase(django_cache_get_{kind}total{{{APPLICATION}}}{RANGE}))" for kind in ("hits_", ""))
CACHE_HITS = f"{_HITS} / {_GETS}"

# The monitoring itself

TARGETS_DOWN_COUNT = 'count(up{probe=""}) - sum(up{probe=""})'
SAMPLES = "max by (application, env, job) (scrape_samples_post_metric_relabeling)"
METRICS_LOST = rate_by(f"{BY_SERVICE}, reason", "metrics_dropped_total", APPLICATION, per=" * 60")
SPANS_LOST = rate_by(f"{BY_SERVICE}, reason", "spans_dropped_total", APPLICATION, per=" * 60")
SCRAPE_SECONDS = "max by (application, env, job) (scrape_duration_seconds)"
METRICS_BYTES = {
    "blocks": "sum(prometheus_tsdb_storage_blocks_bytes)",
    "write-ahead log": "sum(prometheus_tsdb_wal_storage_size_bytes)",
    "limit": "sum(prometheus_tsdb_retention_limit_bytes)",
}
_AGE = "max by (rule_group) (rule_group:prometheus_rule_evaluation_age:intervals)"
RULE_AGE = f'label_replace({_AGE}, "group", "$1", "rule_group", ".*;(.+)")'


def _failures(*counters: str) -> str:
    return " + ".join(total(counter, "", per=" * 60") for counter in counters)


FAILURES = {
    "rules": _failures("prometheus_rule_evaluation_failures_total"),
    "store of metrics": _failures(
        "prometheus_tsdb_wal_writes_failed_total",
        "prometheus_tsdb_compactions_failed_total",
        "prometheus_tsdb_wal_corruptions_total",
    ),
    "store of lines": _failures(
        "loki_ingester_wal_disk_full_failures_total", "loki_ingester_chunks_flush_failures_total"
    ),
    "configurations refused": (
        "sum(1 - prometheus_config_last_reload_successful) + sum(1 - alertmanager_config_last_reload_successful)"
        " + sum(1 - blackbox_exporter_config_last_reload_successful)"
    ),
}
NOTIFICATIONS = rate_by("integration", "alertmanager_notifications_total", "", per=" * 60")
UNDELIVERED = {
    "{{integration}}": "max by (integration) (integration:alertmanager_notifications_failed:ratio_rate15m)",
    "to Alertmanager": "max(alertmanager:prometheus_notifications_failed:ratio_rate2m)",
}
HEARTBEAT_AGE = "max(inbox_heartbeat_age_seconds)"
_MONITORING = 'application="monitoring"'
COST = {"memory": f"sum({containers.memory(_MONITORING)})", "CPU in cores": containers.cpu_cores(_MONITORING)}

# Self-hosted Sentry, where it is the tracker

SENTRY_PROBES = "min by (instance) (instance:sentry_answers:min)"
SENTRY_TAKEN = {
    "accepted": "sum(rate(relay_envelopes_accepted_total[$__rate_interval])) * 60",
    "rejected": "sum(rate(relay_envelopes_rejected_total[$__rate_interval])) * 60",
}
SENTRY_OUTCOMES = 'sum by (category, outcome) (rate(relay_outcomes_total{outcome!="accepted"}[$__rate_interval])) * 60'
SENTRY_LAG = "max by (consumergroup, topic) (consumergroup_topic:kafka_lag:sum)"
SENTRY_TASKS = {"oldest": "max(taskbroker_oldest_task_seconds)"}

# The way of the logs

LINES = {
    "sent": total("promtail_sent_entries_total", ""),
    "lost: {{reason}}": rate_by("reason", "promtail_dropped_entries_total", ""),
}
LINES_LOST = "sum(reason:promtail_dropped_entries:increase10m)"
ACCOUNT = {
    "written": total("log_lines_written_total", ""),
    "in Loki": total("log_lines_stored_total", ""),
}
LINES_MISSING = f"sum by ({BY_SERVICE}) (log_lines_missing)"
LINES_TWICE = f"sum by ({BY_SERVICE}) (log_lines_surplus)"
ACCOUNT_AGE = "max by (host) (log_account_behind_seconds)"
LINES_BYTES = {"lines": "max(log_store_bytes)", "limit": "max(log_store_cap_bytes)"}
LOG_LAG = "loki:push_lag:seconds5m"
_ROUTES = 'route=~"loki_api_v1_(push|query.*)"'
LOKI_ERRORS = or_zero(
    f"max by (route) (route:loki_request_errors:ratio5m{{{_ROUTES}}})",
    rate_by("route", "loki_request_duration_seconds_count", _ROUTES),
)
LOKI_DISK = "max(loki_ingester_wal_disk_usage_percent)"
BYTES_BY_SERVICE = rate_by(BY_SERVICE, "promtail_log_bytes_total", SERVICE)
