"""The gateway's files in secrets/: who may log in (`make gateway-user`) and which hosts push (`make agent-token`)."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from ops import secrets
from ops.application import NAME
from ops.console import OpsError, capture, say, step
from ops.stack import Stack

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
USER = re.compile(r"[a-z][a-z0-9._-]{0,39}")
ROLES = ("viewer", "operator")
TOKEN_LENGTH, PASSWORD_LENGTH = 40, 20


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
    token = secrets.random_text(TOKEN_LENGTH)
    _keep(token, file)
    # It is long and random: one round of a quick hash is enough.
    entry: dict[str, object] = {"applications": names, "sha256": hashlib.sha256(token.encode()).hexdigest()}
    is_known = _add(stack, "gateway_agents", host, entry)
    _restart_guard(stack)
    what = "replaces the one that it had" if is_known else "is new"
    say(f"The token of {host} {what}. It may write these applications: {', '.join(['monitoring', *names])}.")
    _tell(token, file)


def user(stack: Stack, name: str = "", role: str = "", file: str = "") -> None:
    """Add somebody with a new password, or give a new one and a new role to somebody who is there."""
    if not USER.fullmatch(name):
        raise OpsError(f"NAME={name!r} is no user's name; expected small letters and digits, such as NAME=anna.")
    if role not in ROLES:
        raise OpsError(f"ROLE={role!r}: expected ROLE=viewer, who reads, or ROLE=operator, who may silence as well.")
    if stack.settings["GATEWAY"] != "on":
        raise OpsError("There is no gateway to log in at: found GATEWAY=off. Set GATEWAY=on in .env and run `make up`.")
    password = secrets.random_text(PASSWORD_LENGTH)
    _keep(password, file)
    is_known = _add(stack, "gateway_users", name, {"role": role, "bcrypt": _bcrypt(stack, password)})
    _restart_guard(stack)
    say(f"{name} is {role}{', with a new password' if is_known else ''}.")
    _tell(password, file)


def ensure_users(stack: Stack) -> None:
    """One user of each role, with the password that is in secrets/; needs the gateway's image."""
    known = _read(stack.settings.secrets / "gateway_users")
    for role in ROLES:
        if role not in known:
            _let_in(stack, role)


def renew_password(stack: Stack, role: str) -> None:
    """Let the user of that role in with the password that is in secrets/ now, and no longer with another."""
    file = stack.settings.secrets / "gateway_users"
    if stack.settings["GATEWAY"] != "on":
        entries = _read(file)
        entries.pop(role, None)  # `make up` with the gateway makes it anew
        secrets.write(file, json.dumps(entries, indent=1, sort_keys=True) if entries else "")
        return
    _let_in(stack, role)
    _restart_guard(stack)


def _let_in(stack: Stack, role: str) -> None:
    password = secrets.read(f"gateway_{role}_password", stack.settings.secrets)
    _add(stack, "gateway_users", role, {"role": role, "bcrypt": _bcrypt(stack, password)})


def _keep(secret: str, file: str) -> None:
    """Before anything changes: a secret that is in no file and in use would be lost."""
    if not file:
        return
    try:
        secrets.write(Path(file), secret, mode=0o600)
    except OSError as error:
        raise OpsError(
            f"FILE={file}: can't be written ({error.strerror}); expected a file in a folder that is there. Nothing has "
            "changed."
        ) from None


def _tell(secret: str, file: str) -> None:
    if file:
        say(f"It is in {file}; here only its hash is kept.")
    else:
        say(f"Shown this once: {secret}")


def _bcrypt(stack: Stack, password: str) -> str:
    """Caddy's own command, because Python's standard library has no bcrypt."""
    image = stack.model["services"]["gateway"]["image"]
    command = ["docker", "run", "--rm", "-i", "--network=none", "--entrypoint=caddy", image, "hash-password"]
    hashed = capture([*command, "--algorithm=bcrypt", "--bcrypt-cost=10"], stdin=f"{password}\n")
    if hashed.returncode != 0:
        raise OpsError(f"`caddy hash-password` failed: {hashed.stderr.strip()[-500:]}. Run `make up` first.")
    return hashed.stdout.strip()


def _add(stack: Stack, name: str, key: str, entry: dict[str, object]) -> bool:
    """Whether there was one of this key."""
    file = stack.settings.secrets / name
    entries = _read(file)
    secrets.write(file, json.dumps(entries | {key: entry}, indent=1, sort_keys=True))
    return key in entries


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
