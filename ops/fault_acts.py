"""What faults are made of: signals, statements, programs inside the sandbox's containers, switches of its partner.

Whatever runs by itself carries a name, by which it is found again, and ends by itself within LIMIT_SECONDS. In the
database's container only `psql` itself may run: PostgreSQL is its first process, and takes the end of an orphan for the
crash of a server process.
"""

import os
import random
import signal as signals
import sys
from collections.abc import Callable
from dataclasses import dataclass

from ops import alerts
from ops.console import OpsError, output
from ops.stack import Stack

LIMIT_SECONDS = 1500
SILENCED = "erp-fault-silence"
Act = Callable[[Stack], object]

END_NAMED = """
import os, pathlib, signal, sys
for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    try:
        words = entry.read_bytes().split(b"\\0")
        if sys.argv[1].encode() in words and int(entry.parent.name) != os.getpid():
            os.kill(int(entry.parent.name), signal.SIGKILL)
    except OSError:
        pass
"""
REDIS = 'export REDISCLI_AUTH="$(cat /run/secrets/redis_password)"\n'
OF_DJANGO = ("-e", "DJANGO_SETTINGS_MODULE=config.settings", "-e", "PROMETHEUS_MULTIPROC_DIR=/tmp/inside")
IN_DJANGO = 'mkdir -p /tmp/inside && exec python -c "$0" "$1" "$2"'


def nothing(_: Stack) -> None:
    """Mends a fault that ends by itself."""


@dataclass(frozen=True)
class Fault:
    """`inject` does what `prepare` does, where it isn't done; what is measured begins after it."""

    meaning: str
    inject: Act
    mend: Act
    prepare: Act = nothing

    @property
    def ends_by_itself(self) -> bool:
        return self.mend is nothing


def together(*acts: Act) -> Act:
    """Runs several acts, one after the other."""

    def act(stack: Stack) -> None:
        for each in acts:
            each(stack)

    return act


def compose(*arguments: str) -> Act:
    return lambda stack: stack.compose(*arguments, timeout=180)


def start_alone(service: str) -> Act:
    """Starts one service; `compose start` would also start those that it depends on, and so mend their faults."""
    return compose("up", "--detach", "--no-deps", "--no-recreate", service)


def make_anew(service: str) -> Act:
    """Docker remembers of a container that a process of it was killed for want of memory."""
    return compose("up", "--detach", "--no-deps", "--force-recreate", "--wait", service)


def signal(service: str, name: str) -> Act:
    """Sends a signal to the first process of the service's container."""
    return compose("kill", "-s", name, service)


def kill(*services: str) -> Act:
    """Ends the first process of each service's container by SIGKILL, of all services where none is named.

    From outside the container, so that the engine starts it again: it leaves alone what it was told to kill itself.
    """

    def act(stack: Stack) -> None:
        found = [each for each in stack.containers() if each["State"] == "running"]
        names = [each["Name"] for each in found if each["Service"] in services or not services]
        processes = output(["docker", "inspect", "--format", "{{.State.Pid}}", *names]).split()
        try:
            for process in processes:
                os.kill(int(process), signals.SIGKILL)
        except OSError as error:
            raise OpsError(
                f"Can't kill process {process} of {', '.join(services) or 'the stack'}: {error}. This fault needs root "
                "on the machine of the engine."
            ) from error

    return act


def stop_all(stack: Stack) -> None:
    """Each within its grace, side by side, as when the machine is shut down."""
    stack.compose("stop", timeout=300)


def start_all(stack: Stack) -> None:
    """In any order, as when the machine has started: no service waits for those that it depends on."""
    names = [each["Name"] for each in stack.containers() if each["Service"] not in stack.one_shots]
    random.shuffle(names)
    output(["docker", "start", *names], timeout=300)


def start_beside(stack: Stack, name: str, network: str, code: str, *options: str) -> None:
    """Starts a container with Python of the stack's own, on one of its networks, that Compose doesn't know."""
    image = stack.model["services"]["inbox"]["image"]
    command = ["docker", "run", "--detach", "--name", f"{stack.project}-{name}", "--network", network, *options]
    output([*command, "--entrypoint=python", image, "-c", code])


def end_beside(name: str) -> Act:
    return lambda stack: output(["docker", "rm", "--force", f"{stack.project}-{name}"])


def make(target: str) -> Act:
    """A command of this program, as `make` runs it, for the same stack."""
    return lambda _: output([sys.executable, "-m", "ops", target], timeout=600)


def consumer(command: str) -> Act:
    """Tells the worker to take tasks from its queue or not, by `cancel_consumer` or `add_consumer` of Celery.

    Stopped processes would not last: Celery kills one whose task is over its time limit, and starts another.
    """
    words = ("celery", "--app", "config", "control", "--timeout", "15", command, "celery")
    return compose("exec", "-T", "erp-worker", *words)


def switch(name: str, mode: str, service: str = "partner", port: int = 8080) -> Act:
    return compose("exec", "-T", service, "python", "-m", "sandbox.switch", name, mode, str(port))


def sql(statement: str) -> Act:
    return compose("exec", "-T", "erp-db", "psql", "-q", "-U", "postgres", "-d", "erp", "-c", statement)


def session(name: str, statement: str, count: int = 1) -> Act:
    """Opens sessions of that name in the background; each runs one statement."""
    command = ("exec", "-d", "-e", f"PGAPPNAME={name}", "erp-db", "psql", "-q", "-U", "postgres", "-d", "erp", "-c")
    return together(*[compose(*command, statement)] * count)


def end_sessions(name: str) -> Act:
    return sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'")  # noqa: S608


def fill_connections(name: str, up_to: int) -> Act:
    """Opens idle sessions of that name until the database has `up_to` sessions in all."""

    def act(stack: Stack) -> None:
        count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        command = ("exec", "-T", "erp-db", "psql", "-At", "-U", "postgres", "-d", "erp", "-c", count)
        there = int(stack.compose(*command))
        session(name, f"SELECT pg_sleep({LIMIT_SECONDS})", max(0, up_to - there))(stack)

    return act


def redis(script: str) -> Act:
    """Runs a shell script in the Redis container, logged in."""
    return compose("exec", "-T", "erp-redis", "sh", "-c", REDIS + script)


def python(name: str, service: str, code: str, *, count: int = 1) -> Act:
    """Runs Python in the background of a service's container, under a name by which it can be ended."""
    return together(*[compose("exec", "-d", service, "python", "-c", code, name, str(LIMIT_SECONDS))] * count)


def end_python(name: str, service: str) -> Act:
    return compose("exec", "-T", service, "python", "-c", END_NAMED, name)


def django(code: str, *, name: str = "") -> Act:
    """Runs Python with the ERP's models and tasks; with a name in the background, else waits for its end."""
    text = f"import django; django.setup()\n{code}"
    return compose(
        "exec", "-d" if name else "-T", *OF_DJANGO, "erp-web", "sh", "-c", IN_DJANGO, text, name, str(LIMIT_SECONDS)
    )


def silence_watchdog(stack: Stack) -> None:
    why = (f"--author={SILENCED}", "--comment=make break")
    alerts.amtool(stack, "silence", "add", 'alertname="Watchdog"', f"--duration={LIMIT_SECONDS}s", *why)


def end_silences(stack: Stack) -> None:
    found = alerts.amtool(stack, "silence", "query", "--quiet", f"--created-by={SILENCED}").split()
    if found:
        alerts.amtool(stack, "silence", "expire", *found)
