"""Faults of the sample's stores: PostgreSQL and Valkey that are there and don't take what they are given."""

from ops import fault_acts as acts
from ops.fault_acts import LIMIT_SECONDS, Fault

TAKEN, HELD = "erp-fault-taken", "erp-fault-held"
SECOND_BEAT = "/tmp/erp-fault-beat"  # noqa: S108 - of the container; its name is how it is found again
EVERY_CONNECTION = 97  # of 100, three of which are the superuser's
READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on"
WRITABLE = "ALTER SYSTEM RESET default_transaction_read_only"
RELOAD = "SELECT pg_reload_conf()"
LOCK_ORDERS = f"BEGIN; LOCK TABLE orders_order; SELECT pg_sleep({LIMIT_SECONDS})"
FULL = "valkey-cli config set maxmemory 1mb"
ROOMY = "valkey-cli config set maxmemory 192mb"
# A replica takes no writes and keeps what it has while it doesn't reach its master.
REPLICA = "valkey-cli replicaof 192.0.2.1 6379"
MASTER = "valkey-cli replicaof no one"

FAULTS: dict[str, Fault] = {
    "db-read-only": Fault(
        "the database takes no writes",
        acts.together(acts.sql(READ_ONLY), acts.sql(RELOAD)),
        acts.together(acts.sql(WRITABLE), acts.sql(RELOAD)),
    ),
    "connections-out": Fault(
        "idle sessions take every connection that users may have of the database",
        acts.fill_connections(TAKEN, EVERY_CONNECTION),
        acts.end_sessions(TAKEN),
    ),
    "orders-locked": Fault(
        "a session keeps the table of the orders locked",
        acts.session(HELD, LOCK_ORDERS),
        acts.end_sessions(HELD),
    ),
    "redis-full": Fault("Redis has no memory left and takes no writes", acts.redis(FULL), acts.redis(ROOMY)),
    "redis-read-only": Fault("Redis is a replica and takes no writes", acts.redis(REPLICA), acts.redis(MASTER)),
    "redis-emptied": Fault(
        "Redis has lost all: keys, queues and unfinished tasks", acts.redis("valkey-cli flushall"), acts.nothing
    ),
    "beat-twice": Fault(
        "Celery's beat runs twice",
        acts.compose(
            *("exec", "-d", "-e", "PROMETHEUS_MULTIPROC_DIR=/tmp/second", "erp-beat"),
            *("sh", "-c", "mkdir -p /tmp/second && exec celery -A config beat --pidfile '' --schedule $0", SECOND_BEAT),
        ),
        acts.end_python(SECOND_BEAT, "erp-beat"),
    ),
}
