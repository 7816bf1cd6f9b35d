"""Start a stack's services: wait for those that run on, then judge those that run once by their exit status.

`docker compose up --wait` fails as soon as it sees a service exit that no other one waits for, whatever its status.
"""

from __future__ import annotations

import re
from typing import Any

from ops.console import OpsError, capture, run_logged, step
from ops.paths import LOGS
from ops.stack import Stack

WAIT_SECONDS = 300
LAST_LINES = 8


def start(stack: Stack) -> None:
    """Raises OpsError with the last lines of each service that didn't become healthy or didn't end well."""
    services = stack.model["services"]
    once = {name for name, definition in services.items() if definition.get("restart") == "no"}
    with step("Starting the stack"):
        _up(stack, "--wait", "--wait-timeout", str(WAIT_SECONDS), "--remove-orphans", *sorted(set(services) - once))
        if apart := once - _awaited(services):
            _up(stack, "--no-deps", *sorted(apart))
        _judge(stack, once)


def _awaited(services: dict[str, Any]) -> set[str]:
    """The services that another one depends on: Compose has started them with it."""
    return {name for definition in services.values() for name in definition.get("depends_on", {})}


def _up(stack: Stack, *arguments: str) -> None:
    def progress(line: str) -> str | None:
        match = re.search(rf"Container {stack.project}-(\S+)-1 +(Healthy|Exited|Error)", line)
        return f"{match.group(1)}: {match.group(2).lower()}" if match else None

    try:
        run_logged(
            [*stack.command, "up", "--detach", *arguments],
            log=LOGS / "compose-up.log",
            title="docker compose up",
            env=stack.environment,
            describe=progress,
        )
    except OpsError as error:
        raise OpsError(_explain(stack) or str(error)) from None


def _judge(stack: Stack, once: set[str]) -> None:
    for container in stack.containers():
        if container["Service"] in once:
            ended = capture(["docker", "wait", container["Name"]], timeout=WAIT_SECONDS)
            if ended.returncode != 0:
                raise OpsError(
                    f"{container['Service']} didn't end: {ended.stderr.strip()}; expected exit status 0. "
                    f"`make logs SERVICE={container['Service']}` shows what it does."
                )
            if ended.stdout.strip() != "0":
                raise OpsError(_explain(stack))


def _explain(stack: Stack) -> str:
    """Which services are not as they should be, with their last lines; empty when all are."""
    lines = []
    for container in stack.containers():
        broken = container["Health"] == "unhealthy" or "Restarting" in container["Status"]
        if broken or ("Exited" in container["Status"] and "Exited (0)" not in container["Status"]):
            log = capture(["docker", "logs", "--tail", str(LAST_LINES), container["Name"]])
            lines.append(f"  {container['Service']} is {container['Status']}; its last lines:")
            lines += [f"      {line}" for line in (log.stdout + log.stderr).strip().splitlines()[-LAST_LINES:]]
    if not lines:
        return ""
    return (
        "The stack didn't become healthy:\n"
        + "\n".join(lines)
        + "\n  Correct what they name and run `make up` again; what runs is kept."
    )
