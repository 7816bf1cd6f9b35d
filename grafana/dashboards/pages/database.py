"""Database: as the application feels it, as the server reports it, and what its container uses."""

from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib.alerts import DATABASE, linked, watched
from grafana.dashboards.lib.layout import INSTANCE, Choice, Section, board, identity, row
from grafana.dashboards.lib.panels import level, lines, number, rows
from grafana.dashboards.lib.queries import database
from grafana.dashboards.lib.sections import container_disks, log_section, use_of_machine
from grafana.dashboards.lib.style import (
    BYTES,
    BYTES_PER_SECOND,
    COUNT,
    PER_MINUTE,
    PER_SECOND,
    RATIO,
    SECONDS,
    UP_OR_DOWN,
)

CONNECTIONS = watched("PostgresConnections")
LONG = watched("PostgresLongTransaction")
NOW = row(
    number("Up: 1 while the server takes connections.", database.UP, UP_OR_DOWN, linked("PostgresDown")),
    level(
        "Connected: the share of those open to applications.", {"taken": database.CONNECTIONS_RATIO}, RATIO, CONNECTIONS
    ),
    number("Transactions: committed and rolled back.", database.TRANSACTIONS, PER_SECOND),
    number("Query p95: 19 of 20 statements were answered faster.", database.QUERY_P95, SECONDS),
    number("Cache hits: blocks found in the server's memory.", database.CACHE_HITS, RATIO),
    number("Longest open: the oldest transaction.", database.LONGEST_TRANSACTION_OF_ALL, SECONDS, LONG),
    height=5,
)
FELT = [
    row(
        lines("Query latency: how long the application waits for a statement.", database.QUERY_LATENCY, SECONDS),
        lines("Statements: how many each service sends.", {"{{service}}": database.STATEMENTS}, PER_SECOND),
        lines(
            "Statements per request: a jump is a query in a loop.",
            {"statements per request": database.STATEMENTS_PER_REQUEST},
            COUNT,
        ),
    ),
    row(
        lines(
            "Errors of statements: by class of the error.", {"errors {{type}}": database.STATEMENT_ERRORS}, PER_MINUTE
        ),
        lines(
            "New connections: opened by each service, and refused to it.",
            {"{{service}}": database.NEW_CONNECTIONS, "refused: {{service}}": database.CONNECTION_ERRORS},
            PER_MINUTE,
        ),
        lines(
            "Time per transaction: what the server itself works on one, waiting for the client left out.",
            {"server": database.TIME_PER_TRANSACTION},
            SECONDS,
        ),
    ),
]
SERVER = [
    row(
        lines(
            "Connections: by state, beside the limit for applications.",
            {"{{state}}": database.CONNECTIONS_BY_STATE, "limit": database.CONNECTION_LIMIT},
            COUNT,
            linked("PostgresConnections"),
        ),
        lines(
            "Transactions by end: committed or rolled back.",
            {"commit {{datname}}": database.COMMITS, "rollback {{datname}}": database.ROLLBACKS},
            PER_SECOND,
        ),
        lines(
            "Share rolled back: over 5 minutes.",
            {"{{datname}}": database.ROLLBACK_RATIO},
            RATIO,
            watched("PostgresRollbackRatio"),
        ),
    ),
    row(
        lines(
            "Open transactions: the age of the oldest by database.",
            {"{{datname}}": database.LONGEST_TRANSACTION},
            SECONDS,
            LONG,
        ),
        lines("Locks: held or awaited, by mode.", {"{{mode}}": database.LOCKS}, COUNT),
        lines(
            "Waiting for locks: sessions that stand still, and deadlocks by minute.",
            {"waiting {{datname}}": database.LOCK_WAITS, "deadlock {{datname}}": database.DEADLOCKS},
            COUNT,
            linked("PostgresLockWaits", "PostgresDeadlocks"),
        ),
    ),
]
DATA = [
    row(
        lines("Size: of each database.", {"{{datname}}": database.SIZE}, BYTES),
        lines("Dead rows: the ten tables with the most.", {"{{relname}}": database.DEAD_TUPLES}, COUNT),
        rows("Tables: the largest, with their dead rows.", database.TABLES_LARGEST, {"relname": "Table"}),
    ),
    row(
        lines("Rows: read, inserted, updated and deleted.", database.ROWS, PER_SECOND),
        lines(
            "Connections by user: and by application, where it gives its name.",
            {"{{usename}} {{application_name}}": database.CONNECTIONS_BY_USER},
            COUNT,
        ),
    ),
]

DISK = lines(
    "Disk: what the server reads and writes, and what spills over its memory.", database.DISK, BYTES_PER_SECOND
)


def page() -> models.Dashboard:
    return board(
        DATABASE,
        "Database",
        "How the database feels to the application, what the server says of itself, and what its container uses.",
        [
            *identity(database.METRICS, database.STATEMENTS_METRIC, one=True),
            INSTANCE,
            Choice("server", "Server", database.SERVERS, matching=""),
            Choice("datname", "Database", database.DATABASES),
        ],
        [
            Section(1, "", [NOW]),
            Section(2, "As the application feels it", FELT),
            Section(3, "As the server reports it", SERVER),
            Section(4, "What it holds", DATA, collapsed=True),
            use_of_machine(5, "What its container uses", database.SERVER, DISK, container_disks(database.SERVER)),
            log_section(6, services="$server"),
        ],
    )
