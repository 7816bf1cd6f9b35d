"""The gateway's files in secrets/: tokens of the hosts that push (`make agent-token`)."""

import hashlib
import json
import re
import secrets as random
from pathlib import Path
from typing import Any

from ops import secrets
from ops.application import NAME
from ops.console import OpsError, say, step
from ops.stack import Stack

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
TOKEN_LENGTH = 40


def agent_token(stack: Stack, host: str = "", applications: str = "", file: str = "") -> None:
    """Make a token that may write what has the label `host` and these applications; the file has only its hash."""
    if not HOST.fullmatch(host):
        raise OpsError(
            f"HOST={host!r} is no host's name; expected small letters, digits, dots and hyphens, such as HOST=web-2."
        )
    names = [name for name in applications.replace(" ", ",").split(",") if name]
    for name in names:
        if not NAME.fullmatch(name):
            raise OpsError(
                f"APPLICATIONS={applications!r}: {name!r} is no application's name; expected names such as "
                "APPLICATIONS=shop,crm, or none for the host's own figures alone."
            )
    token = "".join(random.choice(secrets.LETTERS) for _ in range(TOKEN_LENGTH))
    hashes = stack.settings.secrets / "gateway_agents"
    hosts = _read(hashes)
    is_known = host in hosts
    hosts[host] = {"applications": names, "sha256": hashlib.sha256(token.encode()).hexdigest()}
    secrets.write(hashes, json.dumps(hosts, indent=1, sort_keys=True))
    _restart_guard(stack)
    what = "replaces the one that it had" if is_known else "is new"
    may = ", ".join(["monitoring", *names])
    say(f"The token of {host} {what}. It may write these applications: {may}.")
    if file:
        secrets.write(Path(file), token)
        say(f"It is in {file}, and its hash in {hashes}.")
    else:
        say(f"It is shown this once: {token}")


def _read(file: Path) -> dict[str, Any]:
    text = secrets.read(file.name, file.parent)
    try:
        return dict(json.loads(text)) if text.strip() else {}
    except ValueError as error:
        raise OpsError(
            f"{file} is no JSON ({error}); expected what `make` wrote into it. Put it back from your backup."
        ) from None


def _restart_guard(stack: Stack) -> None:
    """It reads its files when it starts. Without a gateway there is none, and `make up` starts it with the new ones."""
    if stack.settings["GATEWAY"] == "on" and any(each["Service"] == "gateway-guard" for each in stack.containers()):
        with step("Restarting the gateway's guard; agents send again what it misses meanwhile"):
            stack.compose("up", "--detach", "--wait", "--no-deps", "gateway-guard", timeout=90)
