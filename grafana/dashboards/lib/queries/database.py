"""The database as the application feels it, as the server reports it, and as its container uses the machine.

`$server` is the board's choice of database servers, `$datname` of databases in them.
"""

from grafana.dashboards.lib.queries.common import APPLICATION, or_zero, percentiles, quantile, rate_by, total

SERVER = f'{APPLICATION},service=~"$server"'
_REAL = 'datname!~"template.*"'
DB = f'{SERVER},datname=~"$datname",{_REAL}'
SERVERS = f"label_values(pg_up{{{APPLICATION}}}, service)"
DATABASES = f"label_values(pg_database_size_bytes{{{SERVER},{_REAL}}}, datname)"
_QUERIES = "django_db_query_duration_seconds"
STATEMENTS_METRIC = "django_db_execute_total"
METRICS = f"pg_up|{STATEMENTS_METRIC}"

# As the application feels it

QUERY_LATENCY = percentiles(_QUERIES)
QUERY_P95 = quantile(0.95, _QUERIES)
STATEMENTS = rate_by("service", STATEMENTS_METRIC)
STATEMENT_ERRORS = or_zero(rate_by("type", "django_db_errors_total", per=" * 60"), total(STATEMENTS_METRIC))
NEW_CONNECTIONS = rate_by("service", "django_db_new_connections_total", per=" * 60")
CONNECTION_ERRORS = or_zero(
    rate_by("service", "django_db_new_connection_errors_total", per=" * 60"),
    rate_by("service", "django_db_new_connections_total"),
)
STATEMENTS_PER_REQUEST = (
    f"{total(STATEMENTS_METRIC)} / {total('django_http_responses_total_by_status_view_method_total')}"
)

# As the server reports it

UP = f"min by (service) (pg_up{{{SERVER}}})"
CONNECTIONS_RATIO = f"max by (service) (service:pg_connections:ratio{{{SERVER}}})"
CONNECTIONS_BY_STATE = f"sum by (state) (pg_stat_activity_count{{{DB}}})"
# A client that gives no application_name, as most don't, is known by its user.
CONNECTIONS_BY_USER = f'sum by (usename, application_name) (pg_stat_activity_count{{{DB},usename!=""}})'
_RESERVED = f"pg_settings_superuser_reserved_connections{{{SERVER}}}"
CONNECTION_LIMIT = f"sum(pg_settings_max_connections{{{SERVER}}} - {_RESERVED})"
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

# What it asks of the disk: pages that it reads and writes, and what the kernel counts for its container

_BLOCK = f"scalar(max(pg_settings_block_size{{{SERVER}}}))"
_WRITTEN = " + ".join(
    total(f"pg_stat_{writer}_total", SERVER) for writer in ("checkpointer_buffers_written", "bgwriter_buffers_clean")
)
DISK = {
    "read": f"{total('pg_stat_database_blks_read', DB)} * {_BLOCK}",
    "written": f"({_WRITTEN}) * {_BLOCK}",
    "temporary files": total("pg_stat_database_temp_bytes", DB),
}
