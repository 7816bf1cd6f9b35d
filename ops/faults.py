"""Real faults of the sandbox, each with its way back: `make break FAULT=…`, `make mend`, and the drills.

A fault that runs by itself ends by itself within LIMIT_SECONDS. What is broken is remembered in .local/faults, so that
`make mend` finds it in any shell.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from ops import disk_fault
from ops.console import OpsError
from ops.paths import LOCAL
from ops.stack import Stack

LIMIT_SECONDS = 1500
REMEMBERED = LOCAL / "faults"
_remembering = threading.Lock()  # drills inject side by side
MARK = "erp-fault"
# Not socket-proxy's neighbours and one-shots: what can be missing without the drill itself going blind.
STOPPABLE = (
    *("erp-web", "erp-worker", "erp-beat", "erp-db", "erp-redis"),
    *("postgres-exporter", "redis-exporter", "blackbox", "node", "telegraf", "socket-proxy"),
    *("prometheus", "alertmanager", "loki", "promtail", "bugsink", "partner", "traffic", "inbox", "mailpit"),
)
FREEZABLE = ("erp-web", "erp-worker", "erp-beat", "erp-db", "erp-redis", "loki", "bugsink", "partner")
TABLE_AWAY = "ALTER TABLE orders_order RENAME TO orders_order_away"
TABLE_BACK = "ALTER TABLE IF EXISTS orders_order_away RENAME TO orders_order"
MIGRATION_AWAY = "DELETE FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial'"
MIGRATION_BACK = (
    "INSERT INTO django_migrations (app, name, applied) SELECT 'sessions', '0001_initial', now() "
    "WHERE NOT EXISTS (SELECT 1 FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial')"
)
END_SESSIONS = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{MARK}'"  # noqa: S608
LOCK = f"BEGIN; LOCK TABLE orders_invoice; SELECT pg_sleep({LIMIT_SECONDS})"
IDLE = f"BEGIN; SELECT txid_current(); SELECT pg_sleep({LIMIT_SECONDS})"
QUEUE = "from orders.tasks import finish_orders\nfor _ in range(600): finish_orders.delay()"
BAD_TASKS = "from orders.tasks import ship_order\nfor _ in range(40): ship_order.delay('no number')"
BURN = "import time\nuntil = time.monotonic() + {seconds}\nwhile time.monotonic() < until: pass"
HOLD = "import time\nheld = bytearray({mib} << 20)\nheld[::4096] = b'x' * len(held[::4096])\ntime.sleep({seconds})"
END_MARKED = """
import os, pathlib, signal
for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    try:
        words = entry.read_bytes().split(b"\\0")
        if b"MARK" in words and int(entry.parent.name) != os.getpid():
            os.kill(int(entry.parent.name), signal.SIGKILL)
    except OSError:
        pass
""".replace("MARK", MARK)

Act = Callable[[Stack], object]


@dataclass(frozen=True)
class Fault:
    meaning: str
    inject: Act
    mend: Act


def _compose(*arguments: str) -> Act:
    return lambda stack: stack.compose(*arguments, timeout=180)


def _nothing(_: Stack) -> None:
    """The way back of what has ended by itself."""


def _signal(service: str, signal: str) -> Act:
    return _compose("kill", "-s", signal, service)


def _switch(api: str, mode: str) -> Act:
    return _compose("exec", "-T", "partner", "python", "-m", "sandbox.switch", api, mode)


def _sql(*statements: str) -> Act:
    commands = [part for statement in statements for part in ("-c", statement)]
    return _compose("exec", "-T", "erp-db", "psql", "-q", "-U", "postgres", "-d", "erp", *commands)


def _session(statement: str, count: int = 1) -> Act:
    """Sessions in the background, each with one statement."""
    command = ("exec", "-d", "-e", f"PGAPPNAME={MARK}", "erp-db", "psql", "-q", "-U", "postgres", "-d", "erp", "-c")

    def act(stack: Stack) -> None:
        for _ in range(count):
            stack.compose(*command, statement)

    return act


def _python(service: str, code: str, *, count: int = 1) -> Act:
    """Python in the background of a service's container, with the mark by which it is found again."""

    def act(stack: Stack) -> None:
        for _ in range(count):
            stack.compose("exec", "-d", service, "python", "-c", code, MARK)

    return act


def _django(code: str) -> Act:
    settings = ("-e", "DJANGO_SETTINGS_MODULE=config.settings", "-e", "PROMETHEUS_MULTIPROC_DIR=/tmp/inside")
    run = ("sh", "-c", 'mkdir -p /tmp/inside && exec python -c "$0"', f"import django; django.setup()\n{code}")
    return _compose("exec", "-T", *settings, "erp-web", *run)


def _end_python(service: str) -> Act:
    return _compose("exec", "-T", service, "python", "-c", END_MARKED)


def _log_ins_fail(stack: Stack) -> None:
    """Sixty log-ins with a wrong password."""
    url = f"http://{stack.settings.host}:{stack.settings['ERP_PORT']}/api/login"
    body = json.dumps({"username": "buyer", "password": "wrong on purpose"}).encode()
    for _ in range(60):
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            error.close()


def _restart_again_and_again(stack: Stack) -> None:
    for _ in range(5):
        stack.compose("restart", "-t", "1", "erp-beat", timeout=90)


def _flood(stack: Stack) -> None:
    _signal("erp-worker", "STOP")(stack)
    _django(QUEUE)(stack)


FAULTS: dict[str, Fault] = {
    "payment-down": Fault("the payment API answers 500", _switch("payment", "error"), _switch("payment", "ok")),
    "payment-slow": Fault("the payment API takes its time", _switch("payment", "slow"), _switch("payment", "ok")),
    "payment-hanging": Fault("the payment API never answers", _switch("payment", "timeout"), _switch("payment", "ok")),
    "payment-garbage": Fault("the payment API talks nonsense", _switch("payment", "garbage"), _switch("payment", "ok")),
    "shipping-down": Fault("the shipping API answers 500", _switch("shipping", "error"), _switch("shipping", "ok")),
    "shipping-slow": Fault("the shipping API takes its time", _switch("shipping", "slow"), _switch("shipping", "ok")),
    "orders-broken": Fault("a table of the orders is missing: server errors", _sql(TABLE_AWAY), _sql(TABLE_BACK)),
    "migration-pending": Fault("a migration counts as not applied", _sql(MIGRATION_AWAY), _sql(MIGRATION_BACK)),
    "table-locked": Fault("a session locks the invoices and keeps them", _session(LOCK), _sql(END_SESSIONS)),
    "transaction-long": Fault("a transaction stays open", _session(IDLE), _sql(END_SESSIONS)),
    "connections-full": Fault(
        "85 sessions lie around in the database",
        _session(f"SELECT pg_sleep({LIMIT_SECONDS})", 85),
        _sql(END_SESSIONS),
    ),
    "queue-flood": Fault("600 tasks wait and the worker stands still", _flood, _signal("erp-worker", "CONT")),
    "tasks-failing": Fault("40 tasks fail", _django(BAD_TASKS), _nothing),
    "log-ins-failing": Fault("60 log-ins with a wrong password", _log_ins_fail, _nothing),
    "restart-loop": Fault("erp-beat is started anew five times", _restart_again_and_again, _nothing),
    "cpu-pressure": Fault(
        "the worker's container burns the processor",
        _python("erp-worker", BURN.format(seconds=LIMIT_SECONDS), count=4),
        _end_python("erp-worker"),
    ),
    "memory-pressure": Fault(
        "erp-beat's container is close to its memory limit",
        _python("erp-beat", HOLD.format(mib=150, seconds=LIMIT_SECONDS)),
        _end_python("erp-beat"),
    ),
    "memory-exhausted": Fault(
        "a process of erp-beat's container is killed for want of memory",
        _python("erp-beat", HOLD.format(mib=400, seconds=60)),
        _nothing,
    ),
    "disk-full": Fault("a small volume of this machine is full", disk_fault.fill, disk_fault.remove),
}
FAULTS |= {
    f"{service}-stopped": Fault(
        f"{service} is stopped", _compose("stop", "-t", "2", service), _compose("start", service)
    )
    for service in STOPPABLE
}
FAULTS |= {
    f"{service}-frozen": Fault(
        f"{service} is there and never answers",
        _signal(service, "STOP"),
        _signal(service, "CONT"),
    )
    for service in FREEZABLE
}


def broken() -> list[str]:
    """The faults that were injected and not yet mended, oldest first."""
    return REMEMBERED.read_text(encoding="utf-8").split() if REMEMBERED.is_file() else []


def inject(stack: Stack, name: str) -> None:
    fault = _find(stack, name)
    _remember(name, is_broken=True)
    fault.inject(stack)


def mend(stack: Stack, name: str) -> None:
    _find(stack, name).mend(stack)
    _remember(name, is_broken=False)


def _find(stack: Stack, name: str) -> Fault:
    if not stack.settings.is_sandbox:
        raise OpsError(f"ENV={stack.settings['ENV']}: faults are for the sandbox alone; this needs ENV=sandbox.")
    if name not in FAULTS:
        raise OpsError(f"No fault {name!r}: expected one of {', '.join(sorted(FAULTS))}.")
    return FAULTS[name]


def _remember(name: str, *, is_broken: bool) -> None:
    REMEMBERED.parent.mkdir(exist_ok=True)
    with _remembering:
        names = [each for each in broken() if each != name] + ([name] if is_broken else [])
        REMEMBERED.write_text("".join(f"{each}\n" for each in names), encoding="utf-8")
