"""The database as the application feels it, as the server reports it, and as its container uses the machine.

`$datname` is the board's choice of databases, `$server` the services whose containers run the server.
"""

from grafana.dashboards.lib.queries.common import APP, or_zero, percentiles, quantile, rate_by, total

DB = 'datname=~"$datname",datname!~"template.*"'
DATABASES = 'label_values(pg_database_size_bytes{datname!~"template.*"}, datname)'
_QUERIES = "django_db_query_duration_seconds"

# Which containers run the server: postgres, db, erp-db, …
SERVER = "(.+-)?(db|postgres|postgresql)"
SERVERS = f'label_values(docker_container_mem_usage{{service=~"{SERVER}"}}, service)'

# As the application feels it

QUERY_LATENCY = percentiles(_QUERIES)
QUERY_P95 = quantile(0.95, _QUERIES)
STATEMENTS = rate_by("job", "django_db_execute_total")
STATEMENT_ERRORS = or_zero(rate_by("type", "django_db_errors_total", per=" * 60"), total("django_db_execute_total"))
NEW_CONNECTIONS = rate_by("job", "django_db_new_connections_total", per=" * 60")
CONNECTION_ERRORS = or_zero(
    rate_by("job", "django_db_new_connection_errors_total", per=" * 60"),
    rate_by("job", "django_db_new_connections_total"),
)
STATEMENTS_PER_REQUEST = (
    f"{total('django_db_execute_total')} / "
    f"sum(rate(django_http_responses_total_by_status_view_method_total{{{APP}}}[$__rate_interval]))"
)

# As the server reports it

UP = "min(pg_up)"
CONNECTIONS_RATIO = "max(job:pg_connections:ratio)"
CONNECTIONS_BY_STATE = f"sum by (state) (pg_stat_activity_count{{{DB}}})"
CONNECTIONS_BY_APPLICATION = f'sum by (application_name) (pg_stat_activity_count{{{DB},application_name!=""}})'
CONNECTION_LIMIT = "max(pg_settings_max_connections - pg_settings_superuser_reserved_connections)"
COMMITS = rate_by("datname", "pg_stat_database_xact_commit", DB)
ROLLBACKS = rate_by("datname", "pg_stat_database_xact_rollback", DB)
TRANSACTIONS = f"{total('pg_stat_database_xact_commit', DB)} + {total('pg_stat_database_xact_rollback', DB)}"
ROLLBACK_RATIO = f"datname:pg_rollbacks:ratio5m{{{DB}}}"
TIME_PER_TRANSACTION = f"{total('pg_stat_database_active_time_seconds_total', DB)} / ({TRANSACTIONS})"
LONGEST_TRANSACTION = (
    f'max by (datname) (pg_stat_activity_max_tx_duration{{{DB},state=~"active|idle in transaction.*"}})'
)
LONGEST_TRANSACTION_OF_ALL = f"max({LONGEST_TRANSACTION})"
_HITS, _READS = (total(f"pg_stat_database_blks_{kind}", DB) for kind in ("hit", "read"))
CACHE_HITS = f"{_HITS} / ({_HITS} + {_READS})"
LOCKS = f"sum by (mode) (pg_locks_count{{{DB}}})"
LOCK_WAITS = or_zero(
    f'sum by (datname) (pg_stat_activity_count{{{DB},wait_event_type="Lock"}})',
    f"sum by (datname) (pg_stat_activity_count{{{DB}}})",
)
DEADLOCKS = rate_by("datname", "pg_stat_database_deadlocks", DB, per=" * 60")
SIZE = f"max by (datname) (pg_database_size_bytes{{{DB}}})"
DEAD_TUPLES = f"topk(10, sum by (relname) (pg_stat_user_tables_n_dead_tup{{{DB}}}))"
TABLES_LARGEST = {
    "Live rows": f"sum by (relname) (pg_stat_user_tables_n_live_tup{{{DB}}})",
    "Dead rows": f"sum by (relname) (pg_stat_user_tables_n_dead_tup{{{DB}}})",
}
ROWS = {
    "read": total("pg_stat_database_tup_fetched", DB),
    "inserted": total("pg_stat_database_tup_inserted", DB),
    "updated": total("pg_stat_database_tup_updated", DB),
    "deleted": total("pg_stat_database_tup_deleted", DB),
}

# What it asks of the disk; the kernel doesn't tell everywhere what a container does

DISK = {
    "read": f"{total('pg_stat_database_blks_read', DB)} * scalar(max(pg_settings_block_size))",
    "temporary files": total("pg_stat_database_temp_bytes", DB),
}
