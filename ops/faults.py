"""Real faults of the sandbox, each with its way back: `make break FAULT=…`, `make mend`, and the drills.

What is broken is remembered in a folder of the stack, a file for each fault, so that `make mend` finds it in any shell
and several programs can break and mend at once.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from ops import (
    clock_faults,
    disk_fault,
    engine,
    load_faults,
    network_faults,
    orders_fault,
    receiver_faults,
    store_faults,
    up,
    volume_faults,
)
from ops import fault_acts as acts
from ops.console import OpsError, step
from ops.fault_acts import LIMIT_SECONDS, Fault
from ops.paths import ROOT
from ops.stack import Stack

# The services that can be stopped and started again alone; one-shots can't.
STOPPABLE = (
    *("erp-web", "erp-worker", "erp-beat", "erp-db", "erp-redis"),
    *("postgres-exporter", "redis-exporter", "blackbox", "node", "telegraf", "socket-proxy"),
    *("prometheus", "alertmanager", "loki", "promtail", "bugsink", "partner", "traffic", "inbox", "mailpit"),
)
KILLABLE = (*STOPPABLE, "grafana", "logkeeper")
FREEZABLE = ("erp-web", "erp-worker", "erp-beat", "erp-db", "erp-redis", "loki", "bugsink", "partner")
# Names of the background programs and sessions, one for each fault, so that mending one ends no other's.
LOCKING, OPEN, IDLING, DEADLOCKED = "erp-fault-lock", "erp-fault-open", "erp-fault-idle", "erp-fault-deadlock"
UNDOING, VISITING, LATE = "erp-fault-undo", "erp-fault-visit", "erp-fault-late"
BURNING, HOLDING, LOGGING = "erp-fault-burn", "erp-fault-hold", "erp-fault-log"
IDLE = f"BEGIN; SELECT txid_current(); SELECT pg_sleep({LIMIT_SECONDS})"
DEADLOCKS = [
    acts.session(
        DEADLOCKED,
        f"BEGIN; SELECT pg_advisory_xact_lock({first}); SELECT pg_sleep(5); SELECT pg_advisory_xact_lock({second})",
    )
    for pair in range(4)
    for first, second in ((2 * pair, 2 * pair + 1), (2 * pair + 1, 2 * pair))
]
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
# Loki takes at most 64 KiB of metadata with a line; Promtail drops a line that Loki refuses.
LONG_ID = "import json; print(json.dumps({'level': 'INFO', 'request_id': 70000 * 'x'}), file=open('/proc/1/fd/1', 'w'))"
ERROR_AFTER_ERROR = f"""
import json, time
until = time.monotonic() + {LIMIT_SECONDS}
stdout = open("/proc/1/fd/1", "w")
left = 22
while time.monotonic() < until:
    print(json.dumps({{"level": "ERROR", "message": "An error that make break logs"}}), file=stdout, flush=True)
    left -= 1
    time.sleep(0 if left > 0 else 14)
"""
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


def erp(script: str) -> str:
    """The text of a script from erp_app/faults, which knows the sample's tables, tasks and pages."""
    text = (ROOT / "erp_app" / "faults" / script).read_text(encoding="utf-8")
    return text.replace("LIMIT_SECONDS", str(LIMIT_SECONDS))


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
        "a table of the orders is missing: server errors",
        acts.sql(erp("rename_orders.sql")),
        acts.sql(erp("restore_orders.sql")),
    ),
    "sessions-broken": Fault(
        "one page fails: the admin's log-in, visited every 15 seconds, misses its table",
        acts.together(acts.sql(erp("rename_sessions.sql")), acts.python(VISITING, "erp-web", erp("admin_visits.py"))),
        acts.together(acts.end_python(VISITING, "erp-web"), acts.sql(erp("restore_sessions.sql"))),
    ),
    "migration-pending": Fault(
        "a migration counts as not applied",
        acts.sql(erp("migration_pending.sql")),
        acts.sql(erp("migration_applied.sql")),
    ),
    "table-locked": Fault(
        "a session keeps a table locked, another waits for it",
        acts.together(acts.session(LOCKING, erp("table_lock.sql")), acts.session(LOCKING, erp("table_read.sql"))),
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
        acts.django(erp("rollbacks.py"), name=UNDOING),
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
        "600 tasks wait, and the worker takes none of them",
        acts.together(acts.consumer("cancel_consumer"), acts.django(erp("queue_tasks.py"))),
        acts.consumer("add_consumer"),
    ),
    "tasks-failing": Fault("80 tasks fail", acts.django(erp("failing_tasks.py")), acts.nothing),
    "tasks-revoked": Fault(
        "every 10 seconds a task comes too late and is revoked",
        acts.django(erp("expired_tasks.py"), name=LATE),
        acts.end_python(LATE, "erp-web"),
    ),
    "log-ins-failing": Fault(
        "60 log-ins with a wrong password",
        acts.compose("exec", "-T", "erp-web", "python", "-c", erp("failing_log_ins.py")),
        acts.nothing,
    ),
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
        acts.make_anew("erp-beat"),
    ),
    "errors-logged": Fault(
        "partner logs error after error",
        acts.python(LOGGING, "partner", ERROR_AFTER_ERROR),
        acts.end_python(LOGGING, "partner"),
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
        "in the recorded weeks of a second Prometheus the orders stop", orders_fault.start, orders_fault.remove
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
    f"{service}-killed": Fault(f"the first process of {service} is killed by -9", acts.kill(service), acts.nothing)
    for service in KILLABLE
}
FAULTS |= receiver_faults.FAULTS | store_faults.FAULTS | network_faults.FAULTS | volume_faults.FAULTS
FAULTS |= load_faults.FAULTS | clock_faults.FAULTS
FAULTS["all-stopped"] = Fault("every service is stopped", acts.stop_all, acts.start_all)
FAULTS["taken-down"] = Fault("the stack is taken down, its volumes kept", acts.make("down"), acts.make("up"))
FAULTS["all-killed"] = Fault("the first process of every service is killed by -9 at once", acts.kill(), acts.nothing)
FAULTS["engine-killed"] = Fault(
    "the Docker engine of this machine is killed by -9",
    lambda _: engine.kill(),
    # The socket proxy holds the former engine's socket, where no systemd keeps it.
    lambda stack: up.restart_what_is_broken(stack, engine_started=engine.ensure()),
)
FAULTS |= {
    f"{service}-frozen": Fault(
        f"{service} is there and never answers",
        acts.signal(service, "STOP"),
        acts.signal(service, "CONT"),
    )
    for service in FREEZABLE
}


def broken(stack: Stack) -> list[str]:
    """The faults that were injected and not yet mended, oldest first."""
    return [path.name for path in sorted(_remembered(stack).glob("*"), key=lambda path: path.stat().st_mtime)]


def last_change(stack: Stack) -> float:
    """When something was last broken or mended, in Unix seconds; 0 where nothing ever was."""
    folder = _remembered(stack)
    return folder.stat().st_mtime if folder.is_dir() else 0


def prepare(stack: Stack, name: str) -> None:
    """Have what the fault needs, such as a program started anew, before what it does is measured."""
    _find(stack, name).prepare(stack)


def inject(stack: Stack, name: str) -> None:
    fault = _find(stack, name)
    _remembered(stack).mkdir(parents=True, exist_ok=True)
    (_remembered(stack) / name).touch()
    try:
        fault.inject(stack)
    except OpsError as error:
        if stack.settings.has_sample:
            raise
        (_remembered(stack) / name).unlink()
        raise OpsError(f"{error} SAMPLE=off: a fault of the sample or its sandbox needs SAMPLE=on.") from None


def mend_all(stack: Stack, names: Iterable[str]) -> None:
    """Goes on after one that can't be mended, which stays remembered; OpsError has all of them."""
    failed = []
    for name in names:
        try:
            with step(f"Mending: {name}"):
                mend(stack, name)
        except OpsError as error:
            failed.append(f"{name} can't be mended: {error}")
    if failed:
        raise OpsError("\n".join(failed))


def mend(stack: Stack, name: str) -> None:
    _find(stack, name).mend(stack)
    (_remembered(stack) / name).unlink(missing_ok=True)


def _remembered(stack: Stack) -> Path:
    return stack.local / "broken"


def _find(stack: Stack, name: str) -> Fault:
    if not stack.settings.is_sandbox:
        raise OpsError(f"ENV={stack.settings['ENV']}: faults are for the sandbox alone; this needs ENV=sandbox.")
    if name not in FAULTS:
        near = get_close_matches(name, FAULTS)
        meant = f" Like it: {', '.join(near)}." if near else ""
        raise OpsError(f"No fault {name!r}: expected one of those that `make break` lists.{meant}")
    return FAULTS[name]
