"""Start a stack's services: wait for those that run on, then judge those that run once by their exit status.

`docker compose up --wait` fails as soon as it sees a service exit that no other one waits for, whatever its status.
"""

import re
from collections.abc import Iterable
from typing import Any

from ops.console import OpsError, capture, run_logged, step
from ops.stack import Stack, has_ended_badly

WAIT_SECONDS = 300
LAST_LINES = 8
# What Compose names a new container until it has taken the place of the old one.
NEW = re.compile(r"[0-9a-f]{12}_")


def start(stack: Stack) -> None:
    """Raises OpsError with the last lines of each service that didn't become healthy or didn't end well."""
    services = stack.model["services"]
    once = stack.one_shots
    with step("Starting the stack"):
        _remove_left_over(stack)
        _up(stack, "--wait", "--wait-timeout", str(WAIT_SECONDS), "--remove-orphans", *sorted(set(services) - once))
        if apart := once - _awaited(services):
            _up(stack, "--no-deps", *sorted(apart))
        _judge(stack, once)


def start_one(stack: Stack, service: str) -> None:
    """Have this service as the files say, and healthy; what it needs has to be so already.

    Not with --no-deps: Compose 2.26 then takes the service for a changed one, and so does the next start.
    """
    _up(stack, "--wait", "--wait-timeout", str(WAIT_SECONDS), service)


def _remove_left_over(stack: Stack) -> None:
    """New containers of a start that was interrupted: the next one of Compose fails over their names."""
    if left := [each["Name"] for each in stack.containers() if NEW.match(each["Name"])]:
        capture(["docker", "rm", "--force", *left], timeout=60)


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
            log=stack.settings.logs / "compose-up.log",
            title="docker compose up",
            env=stack.environment,
            describe=progress,
        )
    except OpsError as error:
        try:
            ill = _explain(stack)
        except OpsError:  # no engine answers any more, which Compose has said better
            ill = ""
        raise OpsError(ill or str(error)) from None


def _judge(stack: Stack, once: set[str]) -> None:
    bad = {}
    for container in stack.containers():
        if container["Service"] in once:
            ended = capture(["docker", "wait", container["Name"]], timeout=WAIT_SECONDS)
            status = ended.stdout.strip()
            if ended.returncode != 0:
                bad[container["Service"]] = _last_lines(container, f"hasn't ended: {ended.stderr.strip()}")
            elif status != "0":
                bad[container["Service"]] = _last_lines(container, f"ended with exit status {status}, expected 0")
    if bad:
        raise OpsError(_told(bad.values()))


def _explain(stack: Stack) -> str:
    """Which services are not as they should be, with their last lines; empty when all are."""
    bad = []
    for container in stack.containers():
        broken = container["Health"] == "unhealthy" or "Restarting" in container["Status"]
        if broken or has_ended_badly(container, stack.one_shots):
            bad.append(_last_lines(container, f"is {container['Status']}"))
    return _told(bad) if bad else ""


def _last_lines(container: dict[str, str], state: str) -> str:
    log = capture(["docker", "logs", "--tail", str(LAST_LINES), container["Name"]])
    lines = [f"  {container['Service']} {state}; its last lines:"]
    lines += [f"      {line}" for line in (log.stdout + log.stderr).strip().splitlines()[-LAST_LINES:]]
    if container["Health"] == "unhealthy":
        check = "{{with .State.Health}}{{range .Log}}{{println .Output}}{{end}}{{end}}"
        said = capture(["docker", "inspect", "--format", check, container["Name"]]).stdout.split("\n")
        lines += [f"    and its health check's last line: {line}" for line in said if line.strip()][-1:]
    return "\n".join(lines)


def _told(bad: Iterable[str]) -> str:
    hint = (
        "  Correct what they name and run `make up` again. What waits for one of them doesn't run: see `make status`."
    )
    return "\n".join(["The stack isn't as it should be:", *bad, hint])
