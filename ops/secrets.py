"""The table of secrets; each is made once as a file, never printed and never overwritten."""

import json
import os
import re
import secrets
import ssl
import stat
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops import scale_files
from ops.console import OpsError
from ops.settings import Settings, sandbox_host

LETTERS = string.ascii_letters + string.digits
# A bind mount keeps the host's mode, so the files are readable for every image's own user id;
# the directory keeps everybody else on the host out.
DIRECTORY_MODE = 0o700
FILE_MODE = 0o444
OF_APPLICATIONS = "applications"  # the folder with what applications have for themselves
MINIMUM_LENGTH = 16


def random_text(length: int, alphabet: str = LETTERS) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _random(length: int, alphabet: str = LETTERS) -> Callable[[], str]:
    return lambda: random_text(length, alphabet)


@dataclass(frozen=True)
class Secret:
    """`make` gives a new value; `sandbox` is the value in the sandbox of a secret that is the user's to give.

    `is_later`: it came after 0.1.0, so a folder of that version lacks it.
    """

    meaning: str
    make: Callable[[], str] | None = None
    sandbox: str = ""
    is_later: bool = False


GENERATED = {
    "postgres_password": Secret("PostgreSQL's superuser", _random(32)),
    "erp_db_password": Secret("the ERP's role in PostgreSQL", _random(32)),
    "exporter_db_password": Secret("the exporter's role in PostgreSQL", _random(32)),
    "redis_password": Secret("Valkey", _random(32)),
    "django_secret_key": Secret("Django's SECRET_KEY", _random(64)),
    "erp_admin_password": Secret("ERP user admin", _random(20)),
    "erp_buyer_password": Secret("ERP user buyer (sandbox)", _random(20)),
    "erp_traffic_password": Secret("ERP user traffic (sandbox)", _random(20)),
    "metrics_token": Secret("bearer token for the applications' /metrics", _random(40)),
    "partner_api_key": Secret("key for the payment and shipping API", _random(32)),
    "grafana_admin_password": Secret("Grafana user admin, who manages users", _random(20)),
    "grafana_operator_password": Secret("Grafana user operator, who looks at boards and logs", _random(20)),
    "bugsink_secret_key": Secret("Bugsink's SECRET_KEY", _random(64)),
    "bugsink_admin_password": Secret("Bugsink user admin@erp.example", _random(20)),
    "bugsink_dsn_key": Secret("public key in Bugsink's DSN", _random(32, "0123456789abcdef")),
    "bugsink_api_token": Secret("Bugsink's API token", _random(40, "0123456789abcdef")),
}
CHANNELS = {
    "slack_webhook_url": Secret("Slack: incoming webhook", sandbox="http://inbox:8095/slack/sandbox"),
    "pagerduty_routing_key": Secret("PagerDuty: Events v2 routing key", sandbox="sandbox00000000000000000000000000"),
    "smtp_password": Secret("e-mail: SMTP password (any word where none is asked for)", sandbox="sandbox"),
    "heartbeat_url": Secret("dead man's switch: URL that Watchdog pings", sandbox="http://inbox:8095/heartbeat"),
    "tracker_slack_webhook_url": Secret(
        "new errors to Slack: incoming webhook", sandbox="http://inbox:8095/tracker/slack", is_later=True
    ),
    "tracker_webhook_url": Secret(
        "new errors as JSON: URL of an issue tracker", sandbox="http://inbox:8095/tracker/json", is_later=True
    ),
}
# Files of the gateway, made at any start that finds them missing. What isn't generated is empty until a command or you
# write something into it.
GATEWAY = {
    "gateway_operator_password": Secret("gateway user operator, who may silence", _random(20)),
    "gateway_viewer_password": Secret("gateway user viewer, who reads", _random(20)),
    "gateway_users": Secret("who may log in at the gateway, with bcrypt hashes: `make gateway-user`"),
    "gateway_agents": Secret("hosts that push, with the hashes of their tokens: `make agent-token`"),
    "gateway_tls_cert": Secret("the gateway's certificate with its chain, for GATEWAY_TLS=files"),
    "gateway_tls_key": Secret("the key of this certificate"),
}
# Made empty where it is missing; `make rotate` writes it.
BEFORE = {
    "django_secret_key_before": Secret("Django's SECRET_KEY before the last rotation: sessions signed with it go on")
}
# Made where it is missing; storage of your own wants its own key in it.
STORAGE = {
    "storage_s3": Secret(
        "key of the object storage of SCALE=on, a file of AWS' form",
        lambda: f"[default]\naws_access_key_id = {random_text(20)}\naws_secret_access_key = {random_text(40)}",
    )
}
CERTIFICATE = ("gateway_tls_cert", "gateway_tls_key")
TABLE = GENERATED | CHANNELS
FORMATS = {
    "bugsink_dsn_key": r"[0-9a-f]{32}",
    "bugsink_api_token": r"[0-9a-f]{40}",
    "bugsink_secret_key": r".{50,}",
}
# Files that only repeat another secret or setting in the form a program wants; rewritten whenever that changes.
SELFHOSTED_DSN = "sentry_selfhosted_dsn"  # there while self-hosted Sentry is the tracker
DERIVED = ("redis_conf", "redis_exporter_passwords", "sentry_dsn")


def ensure(settings: Settings, directory: Path) -> None:
    """Make what is missing on a first start, refuse what is broken, and write the derived files."""
    directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    directory.chmod(DIRECTORY_MODE)
    (directory / OF_APPLICATIONS).mkdir(exist_ok=True)
    (directory / OF_APPLICATIONS).chmod(0o755)  # it is mounted whole; `directory` keeps others on the host out
    existing = {name for name in TABLE if (directory / name).exists()}
    made_before = _made_before(directory / ".complete")
    for name, secret in TABLE.items():
        if name in existing:
            continue
        if name in made_before:
            raise OpsError(
                f"The secret {directory / name} ({secret.meaning}) is missing; expected the file that the stores were "
                "made with. Put it back from your backup, or `make clean` (which deletes all data) and start anew."
            )
        value = secret.make() if secret.make else (secret.sandbox if settings.is_sandbox else "")
        write(directory / name, value)
    for name, secret in (GATEWAY | BEFORE | STORAGE).items():
        if not (directory / name).exists():
            write(directory / name, secret.make() if secret.make else "")
    values = {name: read(name, directory) for name in TABLE | GATEWAY | BEFORE | STORAGE}
    for name, value in values.items():
        _check(name, value, directory)
    if settings["SCALE"] == "on":
        scale_files.check_key(directory / "storage_s3", values["storage_s3"])
    if settings["GATEWAY"] == "on" and settings["GATEWAY_TLS"] == "files":
        _check_certificate(values, directory)
    if not settings.is_sandbox:
        _check_real(settings, values, directory)
    for name, value in derived(settings, directory).items():
        update(name, value, directory)
    if made_before != set(TABLE):
        write(directory / ".complete", "\n".join(TABLE))


def _made_before(complete: Path) -> set[str]:
    """The secrets that an earlier start has made; 0.1.0 left the file empty."""
    if not complete.exists():
        return set()
    names = set(complete.read_text(encoding="utf-8").split())
    return names or {name for name, secret in TABLE.items() if not secret.is_later}


def read(name: str, directory: Path) -> str:
    path = directory / name
    try:
        return path.read_text(encoding="utf-8").strip("\n")
    except (OSError, UnicodeDecodeError) as error:
        if name in TABLE | GATEWAY and not (directory / ".complete").exists():
            raise OpsError(f"The secret {path} isn't there yet: the first `make up` makes it. Run `make up`.") from None
        raise OpsError(
            f"The secret {path} can't be read ({error.__class__.__name__}): expected a text file readable for user id "
            f"{os.geteuid()}. Put it back or give yourself the right to read it."
        ) from None


def _check(name: str, value: str, directory: Path) -> None:
    path = directory / name
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode != FILE_MODE:
        if path.stat().st_uid != os.geteuid():
            raise OpsError(
                f"The secret {path} has mode {mode:04o}, expected {FILE_MODE:04o} so that the containers' users can "
                f"read it. Run `chmod {FILE_MODE:04o} {path}`."
            )
        path.chmod(FILE_MODE)
    if name in CHANNELS | GATEWAY | BEFORE | STORAGE:  # it may be empty: the channel is off then
        return
    if len(value.strip()) < MINIMUM_LENGTH or not re.fullmatch(FORMATS.get(name, ".*"), value):
        found = "an empty file" if not value.strip() else f"{len(value.strip())} characters of another form"
        expected = FORMATS.get(name, f"at least {MINIMUM_LENGTH} characters")
        raise OpsError(
            f"The secret {path} ({TABLE[name].meaning}) is unusable: found {found}, expected {expected}. "
            "Put the right value back, or `make clean` (which deletes all data) and start anew."
        )


def _check_real(settings: Settings, values: dict[str, str], directory: Path) -> None:
    for name, secret in CHANNELS.items():
        if values[name].strip() and values[name].strip() == secret.sandbox:
            raise OpsError(
                f"ENV={settings['ENV']}, but {directory / name} ({secret.meaning}) still holds the sandbox's value. "
                "Write the real one into it, or empty the file to switch the channel off."
            )
    for path in sorted((directory / OF_APPLICATIONS).glob("*")):
        if sandbox_host(path.read_text(encoding="utf-8", errors="replace").strip()):
            raise OpsError(
                f"ENV={settings['ENV']} runs no sandbox service, but {path} names one. Write the real address into it."
            )
    if not any(values[name].strip() for name in ("slack_webhook_url", "pagerduty_routing_key", "smtp_password")):
        raise OpsError(
            f"ENV={settings['ENV']} with every channel off would page nobody: found slack_webhook_url, "
            f"pagerduty_routing_key and smtp_password empty in {directory}. Write at least one of them."
        )
    if values["smtp_password"].strip():
        for name in ("SMTP_SMARTHOST", "SMTP_FROM", "ALERT_EMAIL_TO"):
            if not settings[name]:
                raise OpsError(
                    f"E-mail is on ({directory / 'smtp_password'} isn't empty) but {name} isn't set in .env."
                )


def _check_certificate(values: dict[str, str], directory: Path) -> None:
    for name in CERTIFICATE:
        if "-----BEGIN " not in values[name]:
            raise OpsError(
                f"GATEWAY_TLS=files, but {directory / name} ({GATEWAY[name].meaning}) has no PEM block, "
                "which begins with -----BEGIN. Write yours into it, or set GATEWAY_TLS=internal in .env."
            )
    try:
        certificate, key = (directory / name for name in CERTIFICATE)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise OpsError(
            f"GATEWAY_TLS=files, but {' and '.join(str(directory / name) for name in CERTIFICATE)} can't be used "
            f"together ({error.reason}): expected a certificate with its chain, and its key without a password. Write "
            "yours into them, or set GATEWAY_TLS=internal in .env."
        ) from None


def derived(settings: Settings, directory: Path) -> dict[str, str]:
    """What the files of DERIVED have to hold."""
    values = {name: read(name, directory) for name in ("bugsink_dsn_key", "redis_password")}
    bundled = f"http://{values['bugsink_dsn_key']}@bugsink:8000/1"
    if has_sentry(directory):
        bundled = read(SELFHOSTED_DSN, directory)
    return {
        "redis_conf": f"requirepass {values['redis_password']}",
        "redis_exporter_passwords": json.dumps({"redis://erp-redis:6379": values["redis_password"]}),
        "sentry_dsn": settings.given.get("SENTRY_DSN", bundled),
    }


def has_sentry(directory: Path) -> bool:
    """Whether `make sentry` has made self-hosted Sentry the tracker."""
    return (directory / SELFHOSTED_DSN).is_file()


def update(name: str, value: str, directory: Path) -> None:
    """Write the file where it isn't there or holds something else."""
    if not (directory / name).exists() or read(name, directory) != value:
        write(directory / name, value)


def write(path: Path, value: str, mode: int = FILE_MODE) -> None:
    """Write to a file beside it and rename that, so that an interruption leaves no half secret.

    The default mode is for secrets/ itself: nobody else may enter the folder, and readers in containers are others.
    """
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as sink:
        sink.write(f"{value}\n" if value else "")
    fresh.chmod(mode)
    fresh.replace(path)


def overwrite(name: str, value: str, directory: Path) -> None:
    """Put another value into the file itself, which containers have mounted: they see it at once.

    The file keeps its time, by which `make up` would start anew all that have it mounted. Its old value has to be kept
    elsewhere until this returns.
    """
    path = directory / name
    before = path.stat()
    content = f"{value}\n".encode() if value else b""
    path.chmod(0o600)
    try:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, content, 0)  # not truncated first: no reader meets an empty file
            os.ftruncate(descriptor, len(content))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        path.chmod(FILE_MODE)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def wrong_value(name: str, value: str) -> str:
    """What is wrong with a value that somebody gives for this secret; nothing where it can be used."""
    if name in CHANNELS:
        return "" if "\n" not in value else "several lines, expected one"
    expected = FORMATS.get(name, f".{{{MINIMUM_LENGTH},}}")
    return "" if re.fullmatch(expected, value) else f"{len(value)} characters of another form, expected {expected}"
