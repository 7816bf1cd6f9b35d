"""Real faults of the sandbox, each with its way back: `make break FAULT=…`, `make mend`, and the drills.

What is broken is remembered in .local/broken, a file for each fault, so that `make mend` finds it in any shell and
several programs can break and mend at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from ops import disk_fault, seeded_fault
from ops import fault_acts as acts
from ops.console import OpsError
from ops.fault_acts import LIMIT_SECONDS, Act
from ops.paths import LOCAL
from ops.stack import Stack

REMEMBERED = LOCAL / "broken"
# Not socket-proxy's neighbours and one-shots: what can be missing without the drill itself going blind.
STOPPABLE = (
    *("erp-web", "erp-worker", "erp-beat", "erp-db", "erp-redis"),
    *("postgres-exporter", "redis-exporter", "blackbox", "node", "telegraf", "socket-proxy"),
    *("prometheus", "alertmanager", "loki", "promtail", "bugsink", "partner", "traffic", "inbox", "mailpit"),
)
FREEZABLE = ("erp-web", "erp-worker", "erp-beat", "erp-db", "erp-redis", "loki", "bugsink", "partner")
ORDERS_AWAY = "ALTER TABLE orders_order RENAME TO orders_order_away"
ORDERS_BACK = "ALTER TABLE IF EXISTS orders_order_away RENAME TO orders_order"
SESSIONS_AWAY = "ALTER TABLE django_session RENAME TO django_session_away"
SESSIONS_BACK = "ALTER TABLE IF EXISTS django_session_away RENAME TO django_session"
MIGRATION_AWAY = "DELETE FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial'"
MIGRATION_BACK = (
    "INSERT INTO django_migrations (app, name, applied) SELECT 'sessions', '0001_initial', now() "
    "WHERE NOT EXISTS (SELECT 1 FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial')"
)
# What runs by itself, by the name under which it is found again: no fault ends another's.
LOCKING, OPEN, IDLING, DEADLOCKED = "erp-fault-lock", "erp-fault-open", "erp-fault-idle", "erp-fault-deadlock"
UNDOING, VISITING, LATE = "erp-fault-undo", "erp-fault-visit", "erp-fault-late"
BURNING, HOLDING = "erp-fault-burn", "erp-fault-hold"
# A table that no order needs.
LOCK = f"BEGIN; LOCK TABLE django_admin_log; SELECT pg_sleep({LIMIT_SECONDS})"
WAIT = "SELECT count(*) FROM django_admin_log"
IDLE = f"BEGIN; SELECT txid_current(); SELECT pg_sleep({LIMIT_SECONDS})"
DEADLOCKS = [
    acts.session(
        DEADLOCKED,
        f"BEGIN; SELECT pg_advisory_xact_lock({first}); SELECT pg_sleep(5); SELECT pg_advisory_xact_lock({second})",
    )
    for pair in range(4)
    for first, second in ((2 * pair, 2 * pair + 1), (2 * pair + 1, 2 * pair))
]
QUEUE = "from orders.tasks import finish_orders\nfor _ in range(600): finish_orders.delay()"
BAD_TASKS = "from orders.tasks import ship_order\nfor _ in range(80): ship_order.delay('no number')"
ROLLBACKS = f"""
import time
from django.db import transaction
from orders.models import Order
for _ in range({LIMIT_SECONDS // 10}):
    for _ in range(400):
        with transaction.atomic():
            Order.objects.exists()
            transaction.set_rollback(True)
    time.sleep(10)
"""
# Not at once: beside it, another fault has Redis refuse connections for some seconds.
EXPIRED_TASKS = f"""
import time
from orders.tasks import finish_orders
for _ in range({LIMIT_SECONDS // 10}):
    time.sleep(10)
    finish_orders.apply_async(expires=-1)
"""
# So seldom that the service as a whole stays well: 4 of its 115 answers a minute.
ADMIN_VISITS = f"""
import time, urllib.error, urllib.request
page = urllib.request.Request("http://127.0.0.1:8000/admin/login/", headers={{"Cookie": "sessionid=" + 32 * "a"}})
for _ in range({LIMIT_SECONDS // 15}):
    try:
        urllib.request.urlopen(page, timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
    time.sleep(15)
"""
BURN = f"import time\nuntil = time.monotonic() + {LIMIT_SECONDS}\nwhile time.monotonic() < until: pass"
HOLD = "import time\nheld = bytearray({mib} << 20)\nheld[::4096] = b'x' * len(held[::4096])\ntime.sleep({seconds})"
HOLD_NEARLY_ALL = f"""
import pathlib, time
root = pathlib.Path("/sys/fs/cgroup")
old = root / "memory"
names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if old.is_dir() else ("memory.max", "memory.current")
limit, used = ((old if old.is_dir() else root) / name for name in names)
held = []
while int(used.read_text()) < 0.92 * int(limit.read_text()):
    held.append(b"x" * (1 << 20))
time.sleep({LIMIT_SECONDS})
"""
# Loki takes 64 KiB of metadata with a line; Promtail can only drop what it is refused.
LONG_ID = "import json; print(json.dumps({'level': 'INFO', 'request_id': 70000 * 'x'}), file=open('/proc/1/fd/1', 'w'))"
USED = "used=$(valkey-cli info memory | tr -d '\\r' | sed -n 's/^used_memory://p')\n"
REDIS_TIGHT = f"valkey-cli setrange erp-fault 50000000 x\n{USED}valkey-cli config set maxmemory $((used * 100 / 94))"
REDIS_ROOMY = "valkey-cli config set maxmemory 192mb\nvalkey-cli del erp-fault"
REDIS_EVICTING = f"""
valkey-cli eval "for i=1,200 do redis.call('set','erp-fault:'..i,string.rep('x',20000),'EX',60) end" 0
{USED}valkey-cli config set maxmemory-policy volatile-lru
valkey-cli config set maxmemory $((used - 1000000))
sleep 1
valkey-cli config set maxmemory 192mb
valkey-cli config set maxmemory-policy noeviction
"""
REDIS_REFUSING = """
(echo "config set maxclients 1"; sleep 2; echo "config set maxclients 500") | valkey-cli &
sleep 1
for call in 1 2 3 4 5 6 7 8 9 10; do valkey-cli ping; done
wait
"""


@dataclass(frozen=True)
class Fault:
    meaning: str
    inject: Act
    mend: Act


FAULTS: dict[str, Fault] = {
    **{
        f"{api}-{name}": Fault(f"the {api} API {meaning}", acts.switch(api, mode), acts.switch(api, "ok"))
        for api, name, mode, meaning in (
            ("payment", "down", "error", "answers 500"),
            ("payment", "slow", "slow", "takes its time"),
            ("payment", "hanging", "timeout", "never answers"),
            ("payment", "garbage", "garbage", "talks nonsense"),
            ("shipping", "down", "error", "answers 500"),
            ("shipping", "slow", "slow", "takes its time"),
        )
    },
    "orders-broken": Fault(
        "a table of the orders is missing: server errors", acts.sql(ORDERS_AWAY), acts.sql(ORDERS_BACK)
    ),
    "sessions-broken": Fault(
        "one page fails: the admin's log-in, visited every 15 seconds, misses its table",
        acts.together(acts.sql(SESSIONS_AWAY), acts.python(VISITING, "erp-web", ADMIN_VISITS)),
        acts.together(acts.end_python(VISITING, "erp-web"), acts.sql(SESSIONS_BACK)),
    ),
    "migration-pending": Fault("a migration counts as not applied", acts.sql(MIGRATION_AWAY), acts.sql(MIGRATION_BACK)),
    "table-locked": Fault(
        "a session keeps a table locked, another waits for it",
        acts.together(acts.session(LOCKING, LOCK), acts.session(LOCKING, WAIT)),
        acts.end_sessions(LOCKING),
    ),
    "transaction-long": Fault("a transaction stays open", acts.session(OPEN, IDLE), acts.end_sessions(OPEN)),
    "connections-full": Fault(
        "idle sessions take 86 of the database's 100 connections",
        acts.fill_connections(IDLING, 86),
        acts.end_sessions(IDLING),
    ),
    "deadlocks": Fault("four pairs of sessions lock each other out", acts.together(*DEADLOCKS), acts.nothing),
    "rollbacks": Fault(
        "a program rolls back 40 transactions a second",
        acts.django(ROLLBACKS, name=UNDOING),
        acts.end_python(UNDOING, "erp-web"),
    ),
    "redis-memory-tight": Fault(
        "Redis has used 94 % of the memory that it may", acts.redis(REDIS_TIGHT), acts.redis(REDIS_ROOMY)
    ),
    "redis-evicting": Fault("Redis throws keys away for want of memory", acts.redis(REDIS_EVICTING), acts.nothing),
    "redis-refusing": Fault(
        "Redis refuses ten connections for want of a free one", acts.redis(REDIS_REFUSING), acts.nothing
    ),
    "queue-flood": Fault(
        "600 tasks wait and the worker's processes stand still",
        acts.together(acts.signal_children("erp-worker", "SIGSTOP"), acts.django(QUEUE)),
        acts.signal_children("erp-worker", "SIGCONT"),
    ),
    "tasks-failing": Fault("80 tasks fail", acts.django(BAD_TASKS), acts.nothing),
    "tasks-revoked": Fault(
        "every 10 seconds a task comes too late and is revoked",
        acts.django(EXPIRED_TASKS, name=LATE),
        acts.end_python(LATE, "erp-web"),
    ),
    "log-ins-failing": Fault("60 log-ins with a wrong password", acts.log_ins_fail, acts.nothing),
    "restart-loop": Fault(
        "erp-beat is started anew five times",
        acts.together(*[acts.compose("restart", "-t", "1", "erp-beat")] * 5),
        acts.nothing,
    ),
    "cpu-pressure": Fault(
        "the worker's container burns the processor",
        acts.python(BURNING, "erp-worker", BURN, count=4),
        acts.end_python(BURNING, "erp-worker"),
    ),
    "memory-pressure": Fault(
        "the container of the traffic is close to its memory limit",
        acts.python(HOLDING, "traffic", HOLD_NEARLY_ALL),
        acts.end_python(HOLDING, "traffic"),
    ),
    "memory-exhausted": Fault(
        "a process of erp-beat's container is killed for want of memory",
        acts.python(HOLDING, "erp-beat", HOLD.format(mib=400, seconds=60)),
        acts.nothing,
    ),
    "line-refused": Fault(
        "Loki refuses a line, whose request id is too long",
        acts.compose("exec", "-T", "partner", "python", "-c", LONG_ID),
        acts.nothing,
    ),
    "disk-full": Fault("a small volume of this machine is full", disk_fault.fill, disk_fault.remove),
    "inodes-gone": Fault(
        "a small volume of this machine has room for no file more", disk_fault.use_up_inodes, disk_fault.remove
    ),
    "orders-dropped": Fault(
        "in the recorded weeks of a second Prometheus the orders stop", seeded_fault.start, seeded_fault.remove
    ),
    "watchdog-silenced": Fault("somebody has silenced the heartbeat", acts.silence_watchdog, acts.end_silences),
}
FAULTS |= {
    f"{service}-stopped": Fault(
        f"{service} is stopped", acts.compose("stop", "-t", "2", service), acts.start_alone(service)
    )
    for service in STOPPABLE
}
FAULTS |= {
    f"{service}-frozen": Fault(
        f"{service} is there and never answers",
        acts.signal(service, "STOP"),
        acts.signal(service, "CONT"),
    )
    for service in FREEZABLE
}


def broken() -> list[str]:
    """The faults that were injected and not yet mended, oldest first."""
    return [path.name for path in sorted(REMEMBERED.glob("*"), key=lambda path: path.stat().st_mtime)]


def last_change() -> float:
    """When something was last broken or mended, in Unix seconds; 0 where nothing ever was."""
    return REMEMBERED.stat().st_mtime if REMEMBERED.is_dir() else 0


def inject(stack: Stack, name: str) -> None:
    fault = _find(stack, name)
    REMEMBERED.mkdir(parents=True, exist_ok=True)
    (REMEMBERED / name).touch()
    fault.inject(stack)


def mend(stack: Stack, name: str) -> None:
    _find(stack, name).mend(stack)
    (REMEMBERED / name).unlink(missing_ok=True)


def _find(stack: Stack, name: str) -> Fault:
    if not stack.settings.is_sandbox:
        raise OpsError(f"ENV={stack.settings['ENV']}: faults are for the sandbox alone; this needs ENV=sandbox.")
    if name not in FAULTS:
        raise OpsError(f"No fault {name!r}: expected one of {', '.join(sorted(FAULTS))}.")
    return FAULTS[name]
