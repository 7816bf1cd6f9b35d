"""The settings of Sentry's release: what we write into its folder, each file read back by `docker compose config`."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ops import files, secrets
from ops.console import OpsError, capture
from ops.sentry_release import OURS, PROJECT, inside
from ops.settings import SANDBOX_SERVICES, Settings
from ops.stack import Stack

INGEST = "sentry-ingest"  # the name by which applications reach it
ADMIN = "admin@erp.example"
BESIDE = "observability"  # the folder in the release's with our own files
BEGIN, END = "# >>> make sentry writes this anew", "# <<< make sentry"
BLOCK = re.compile(rf"\n*^{BEGIN}\n.*?^{END}\n", re.MULTILINE | re.DOTALL)
SPOOLED_BY_MAILPIT = "smtp:2525"


def write(folder: Path, stack: Stack) -> None:
    """Everything before the installer, whose own steps leave what is there."""
    shutil.copytree(OURS, folder / BESIDE, dirs_exist_ok=True)
    files.update(folder / ".env.custom", env_file(environment(folder, stack)))
    filled: tuple[tuple[str, str, Callable[[str], str]], ...] = (
        ("sentry.conf.py", "sentry.conf.example.py", lambda text: with_code(text, stack)),
        ("config.yml", "config.example.yml", lambda text: with_options(text, mail(stack.settings))),
    )
    for name, example, fill in filled:
        file = folder / "sentry" / name
        source = file if file.is_file() else file.with_name(example)
        files.update(file, fill(source.read_text(encoding="utf-8")))


def environment(folder: Path, stack: Stack) -> dict[str, str]:
    """Of .env.custom, which the installer's shell and Compose read in the place of the release's own values."""
    settings = stack.settings
    files = ["docker-compose.yml", f"{BESIDE}/compose.selfhosted.yaml"]
    if _is_in_sandbox(settings):
        files.append(f"{BESIDE}/compose.mail.yaml")
    if (folder / "docker-compose.override.yml").is_file():
        files.append("docker-compose.override.yml")
    return {
        "COMPOSE_FILE": ":".join(files),
        "COMPOSE_PROFILES": settings["SENTRY_PROFILE"],
        "SENTRY_BIND": f"{stack.variables['BIND']}:{settings['SENTRY_PORT']}",
        "SENTRY_EVENT_RETENTION_DAYS": settings["TRACKER_KEPT_DAYS"],
        "SENTRY_MAIL_HOST": settings["SMTP_FROM"].rpartition("@")[2] or "localhost",
        "STATSD_ADDR": "statsd:8125",
        "OBSERVABILITY_NETWORK": settings.network,
        "OBSERVABILITY_ENV": settings["ENV"],
        "OBSERVABILITY_STACK": settings["PROJECT"],
        "OBSERVABILITY_HAPROXY": str(stack.model["services"]["socket-proxy"]["image"]),
        "OBSERVABILITY_MAIL_RELAY": settings["SMTP_SMARTHOST"],
    }


def env_file(values: dict[str, str]) -> str:
    """In single quotation marks, between which shell and Compose both take a text as it is."""
    for name, value in values.items():
        if "'" in value or "\n" in value:
            raise OpsError(
                f"{name}={value!r} can't be written into Sentry's .env.custom: found a quotation mark or a line's end, "
                "expected neither. Correct the setting in .env that it comes from."
            )
    return "".join(f"{name}='{value}'\n" for name, value in values.items())


def with_code(text: str, stack: Stack) -> str:
    """sentry.conf.py with our settings at its end."""
    lines = [
        "SENTRY_BEACON = False",
        f"CSRF_TRUSTED_ORIGINS = [{stack.variables['BASE_URL_SENTRY']!r}]",
        *([f'SENTRY_OPTIONS["mail.from"] = {sender!r}'] if (sender := stack.settings["SMTP_FROM"]) else []),
    ]
    return _with_block(text, lines)


def with_options(text: str, options: dict[str, Any]) -> str:
    """config.yml with these options in the place of its own of these names."""
    own = BLOCK.sub("\n", text)
    for name in options:
        own = re.sub(rf"^{re.escape(name)}:.*\n", "", own, flags=re.MULTILINE)
    return _with_block(own, [f"{name}: {json.dumps(value)}" for name, value in options.items()])


def _with_block(text: str, lines: list[str]) -> str:
    return "\n".join([f"{BLOCK.sub('', text).rstrip()}\n", BEGIN, *lines, END, ""])


def mail(settings: Settings) -> dict[str, Any]:
    """The stack's mail server; none where its channel is off."""
    password = secrets.read("smtp_password", settings.secrets).strip()
    if not password or not settings["SMTP_SMARTHOST"]:
        return {"mail.backend": "dummy"}
    server = SPOOLED_BY_MAILPIT if _is_in_sandbox(settings) else settings["SMTP_SMARTHOST"]
    host, _, port = server.rpartition(":")
    user = settings["SMTP_USERNAME"]
    return {
        "mail.backend": "smtp",
        "mail.host": host,
        "mail.port": int(port),
        "mail.username": user,
        "mail.password": password if user else "",
        "mail.use-tls": settings["SMTP_REQUIRE_TLS"] == "true" and port != "465",
        "mail.use-ssl": port == "465",
    }


def _is_in_sandbox(settings: Settings) -> bool:
    return settings["SMTP_SMARTHOST"].rpartition(":")[0] in SANDBOX_SERVICES


def compose(folder: Path) -> list[str]:
    return [*inside(folder), "docker", "compose", "--env-file", ".env", "--env-file", ".env.custom"]


def model(folder: Path, stack: Stack) -> dict[str, Any]:
    """The merged Compose model; raises OpsError where it isn't what we wrote."""
    read = capture([*compose(folder), "config", "--format", "json"])
    if read.returncode != 0:
        raise OpsError(
            f"Compose refuses Sentry's release with our file beside it: {read.stderr.strip()}. Expected services of "
            f"the names in {OURS / 'compose.selfhosted.yaml'}: a release that names them otherwise needs it changed."
        )
    found: dict[str, Any] = json.loads(read.stdout)
    published = {
        f"{port.get('host_ip', '0.0.0.0')}:{port['published']}"  # noqa: S104 - what Compose leaves out
        for service in found["services"].values()
        for port in service.get("ports", [])
    }
    wanted = f"{stack.settings.bind}:{stack.settings['SENTRY_PORT']}"
    if found["name"] != PROJECT or published != {wanted}:
        raise OpsError(
            f"Sentry's merged Compose file: found the project {found['name']}, publishing "
            f"{', '.join(sorted(published))}; expected {PROJECT} and {wanted} alone. Nothing was started. Look at "
            f"{folder}/docker-compose.override.yml."
        )
    return found
