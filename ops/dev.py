"""`make dev`: the sample ERP from the working tree, and its log lines as a person reads them.

The containers go on writing JSON, so that Loki has every field; only what this terminal shows is rewritten.
"""

import json
import subprocess
from typing import Any

from ops.commands import current
from ops.console import say
from ops.up import up

SERVICES = ("erp-web", "erp-worker", "erp-beat")


def dev() -> None:
    """Starts, then follows the log until it is interrupted; the stack goes on running."""
    up(is_dev=True)
    say(
        "erp-web restarts when you change erp_app/ or django-instrumentation/src/; run `make dev` again for worker "
        "and beat."
    )
    say("Ctrl-C ends this view only. `make up` goes back to the image.\n")
    stack = current()
    follow = [*stack.command, "logs", "--follow", "--no-color", "--tail", "0", *SERVICES]
    with subprocess.Popen(
        follow, env=stack.environment, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            say(readable(line.rstrip("\n")))


def readable(line: str) -> str:
    """A line of `docker compose logs`; what isn't one of the ERP's JSON lines stays as it is."""
    container, bar, text = line.partition("|")
    try:
        fields: Any = json.loads(text)
        time, level, logger, message = (fields[name] for name in ("timestamp", "level", "logger", "message"))
    except (ValueError, TypeError, KeyError):
        return line
    if logger == "access":
        message = f"{fields['method']} {fields['route']} {fields['status']} in {fields['duration'] * 1000:.0f} ms"
    extra = " ".join(f"{name}={value}" for name, value in fields.get("extra", {}).items())
    ids = f"[{fields['request_id']}]" if fields.get("request_id") else ""
    first = " ".join(filter(None, (f"{time[11:19]} {level} {logger}: {message}", extra, ids)))
    return "\n".join([f"{container}{bar} {first}", *fields.get("exception", "").splitlines()])
