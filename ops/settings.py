"""The settings of one run: .env.example's defaults, then .env, then the environment; checked before anything starts."""

import ipaddress
import json
import os
import re
from pathlib import Path
from zoneinfo import available_timezones

from ops.console import OpsError, capture
from ops.paths import LOCAL, ROOT
from ops.setting_forms import FORMS

LOOPBACK = "127.0.0.1"
# The first stack's PROJECT, to which containers without the label observability.stack belong.
FIRST = "erp-observability"
SECOND_OFFSET = 10000
LAST_PORT = 65535
NETWORK = "observability"
ENVIRONMENTS = ("sandbox", "staging", "production")
ZONES = "/usr/share/zoneinfo"
TRACE_STORE = "http://jaeger:4318"
PORTS = {
    "ERP_PORT": "erp-web",
    "GRAFANA_PORT": "grafana",
    "PROMETHEUS_PORT": "prometheus",
    "ALERTMANAGER_PORT": "alertmanager",
    "LOKI_PORT": "loki",
    "BUGSINK_PORT": "bugsink",
    "INBOX_PORT": "inbox",
    "MAILPIT_PORT": "mailpit",
    "GATEWAY_PORT": "gateway",
}
SENTRY_PORT = "SENTRY_PORT"  # of self-hosted Sentry, which is a Compose project of its own
GATEWAY_SERVICES = ("gateway", "gateway-guard")
SHOPPERS = ("traffic", "partner")
SANDBOX_SERVICES = (*SHOPPERS, "inbox", "mailpit")
SAMPLE_SERVICES = (
    *("erp-web", "erp-worker", "erp-beat", "erp-migrate"),
    *("erp-db", "erp-redis", "postgres-exporter", "redis-exporter"),
)
DEFAULT = re.compile(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
PORT = re.compile(r"[1-9][0-9]{0,4}")
UNSET = re.compile(r'The \\?"(\w+)\\?" variable is not set')
# Defaults that only make sense where the sandbox's own services run, and what takes their place elsewhere.
REAL_DEFAULTS = {
    "PAYMENT_API_URL": "",
    "SHIPPING_API_URL": "",
    "SMTP_SMARTHOST": "",
    "SMTP_REQUIRE_TLS": "true",
    "ALERT_EMAIL_TO": "",
    "SMTP_FROM": "",
    "PAGERDUTY_URL": "https://events.pagerduty.com/v2/enqueue",
}


class Settings:
    """`values` holds every setting by name; `given` only what .env or the environment says."""

    def __init__(self, values: dict[str, str], given: dict[str, str]) -> None:
        self.values = values
        self.given = given

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    @property
    def bind(self) -> str:
        """Where every port is published but the gateway's: with a gateway nothing else is open to the network."""
        return LOOPBACK if self["GATEWAY"] == "on" else self["BIND"]

    @property
    def is_first(self) -> bool:
        return self["PROJECT"] == FIRST

    @property
    def network(self) -> str:
        """The one where applications meet this stack."""
        return NETWORK if self.is_first else f"{NETWORK}-{self['PROJECT']}"

    @property
    def secrets(self) -> Path:
        named = "secrets" if self.is_first else f"secrets-{self['PROJECT']}"
        return Path(os.environ.get("SECRETS_DIR") or ROOT / named)

    @property
    def local(self) -> Path:
        """What the commands remember of this stack; what they know of the machine is in LOCAL itself."""
        return LOCAL if self.is_first else LOCAL / "projects" / self["PROJECT"]

    @property
    def logs(self) -> Path:
        """What long commands for this stack say; those for the machine are in LOGS."""
        return self.local / "logs"

    @property
    def gateway_url(self) -> str:
        """Where browsers and other hosts reach the gateway."""
        port = self["GATEWAY_PORT"]
        return f"https://{self['GATEWAY_HOST']}{'' if port == '443' else f':{port}'}"

    @property
    def host(self) -> str:
        """Where a program on this machine reaches what is published, as a URL writes it."""
        bind = ipaddress.ip_address(self.bind)
        if bind.is_unspecified:
            bind = ipaddress.ip_address("127.0.0.1" if bind.version == 4 else "::1")
        return str(bind) if bind.version == 4 else f"[{bind}]"

    @property
    def is_sandbox(self) -> bool:
        return self["ENV"] == "sandbox"

    @property
    def has_sample(self) -> bool:
        return self["SAMPLE"] == "on"

    @property
    def absent(self) -> set[str]:
        """The services that don't run in this environment, the trace store left out."""
        without_sample = () if self.has_sample else (*SAMPLE_SERVICES, *SHOPPERS)
        without_gateway = () if self["GATEWAY"] == "on" else GATEWAY_SERVICES
        return {*without_sample, *without_gateway, *(() if self.is_sandbox else SANDBOX_SERVICES)}

    @property
    def profiles(self) -> list[str]:
        """The Compose profiles that run besides what always does."""
        wanted = {
            "sample": self.has_sample,
            "sandbox": self.is_sandbox,
            "shoppers": self.is_sandbox and self.has_sample,
            "tracing": self["TRACING"] == "on",
            "gateway": self["GATEWAY"] == "on",
        }
        return [profile for profile, runs in wanted.items() if runs]

    @property
    def ports(self) -> dict[str, int]:
        """Published port by service, without services that don't run in this environment."""
        wanted = {service: int(self[name]) for name, service in PORTS.items()}
        return {service: port for service, port in wanted.items() if service not in self.absent}


def defaults(root: Path = ROOT) -> dict[str, str]:
    """What .env.example says: plain NAME=value lines, which a test keeps the same for Compose and for us.

    In a copy of the file what depends on other settings must stay unset, so it has # before its name there.
    """
    text = (root / ".env.example").read_text(encoding="utf-8")
    return {name: value for name, value in DEFAULT.findall(text) if name != "SENTRY_DSN"}


def read_env_file(file: Path) -> dict[str, str]:
    """NAME=value of a .env file, read by Compose, so that quotes, comments and dollars mean what they mean there."""
    probe = json.dumps({"services": {"settings": {"image": "none", "env_file": [str(file)]}}})
    # Without --env-file, Compose reads .env for itself first, and its error for a bad line doesn't name the line.
    command = ["docker", "compose", "-p", "settings", "--env-file", os.devnull, "-f", "-", "config", "--format", "json"]
    read = capture(command, stdin=probe)
    if read.returncode == 127:
        raise OpsError(
            f"{file} is read by `docker compose`, and no docker is here. Install Docker, or on Debian as root run "
            "`make up`, which does; without a .env every command works."
        )
    if read.returncode != 0:
        raise OpsError(
            f"Compose refuses {file}: {read.stderr.strip()}; expected lines of the form NAME=value. Correct the line."
        )
    if unset := UNSET.search(read.stderr):
        raise OpsError(
            f"{file}: found ${unset[1]}, which names a variable that isn't set; expected $$ in the place of a dollar "
            "of the value's own, or the value in single quotation marks. Correct the line."
        )
    found = json.loads(read.stdout)["services"]["settings"].get("environment") or {}
    if "" in found:
        raise OpsError(f"{file}: found {found['']!r}, expected NAME=value. Correct the line.")
    # `config` doubles each dollar, so that its output can be read by Compose again.
    return {name: (value or "").replace("$$", "$") for name, value in found.items()}


def load(root: Path = ROOT) -> Settings:
    """Settings for this checkout, checked; raises OpsError with a sentence for the first bad one."""
    values = defaults(root)
    file = root / ".env"
    if file.is_dir():
        raise OpsError(f"{file} is a folder; expected a file of lines NAME=value, or nothing. Remove the folder.")
    given = read_env_file(file) if file.is_file() else {}
    known = {*values, "SENTRY_DSN"}
    given |= {name: os.environ[name] for name in known if name in os.environ}
    unknown = sorted(set(given) - known)
    if unknown:
        raise OpsError(
            f".env sets {', '.join(unknown)}, which is no setting; .env.example lists them. Correct the name."
        )
    environment = given.get("ENV", values["ENV"])
    if environment not in ENVIRONMENTS:
        raise OpsError(f"ENV={environment!r}: expected one of {', '.join(ENVIRONMENTS)}.")
    if environment != "sandbox":
        values |= REAL_DEFAULTS
    values |= given
    if values["TRACING"] == "on" and not values["OTEL_EXPORTER_OTLP_ENDPOINT"]:
        values["OTEL_EXPORTER_OTLP_ENDPOINT"] = TRACE_STORE
    _check(values)
    _move_ports(values)
    return Settings(values, given)


def sandbox_host(address: str) -> str:
    """The service of the sandbox that an address, with or without a scheme, names; empty where it is another host."""
    host = re.sub(r"^https?://", "", address).split("/")[0].split(":")[0]
    return host if host in SANDBOX_SERVICES else ""


def _check(values: dict[str, str]) -> None:
    for name, (form, expected) in FORMS.items():
        if name in values and not re.fullmatch(form, values[name], re.ASCII):
            raise OpsError(f"{name}={values[name]!r}: expected {expected}.")
    try:
        ipaddress.ip_address(values["BIND"])
    except ValueError:
        raise OpsError(f"BIND={values['BIND']!r}: expected an IP address such as 127.0.0.1.") from None
    used: dict[int, str] = {}
    for name in (*PORTS, SENTRY_PORT):
        text = values[name]
        if not PORT.fullmatch(text) or int(text) > LAST_PORT:
            raise OpsError(f"{name}={text!r}: expected a port number from 1 to {LAST_PORT}.")
        if int(text) in used:
            raise OpsError(f"{name} and {used[int(text)]} are both {text}: give each its own port in .env.")
        used[int(text)] = name
    zone = values["BUSINESS_TIMEZONE"]
    if zone != "UTC" and zone not in available_timezones():
        raise OpsError(
            f"BUSINESS_TIMEZONE={zone!r}: found no such zone in {ZONES}, expected one such as Europe/Berlin. "
            "Correct it in .env, or install the package tzdata."
        )
    if values["GATEWAY_TLS"] == "acme" and "." not in values["GATEWAY_HOST"].strip("0123456789."):
        raise OpsError(
            f"GATEWAY_TLS=acme with GATEWAY_HOST={values['GATEWAY_HOST']!r}: expected a public host name, for which an "
            "authority gives a certificate. Set it in .env, or GATEWAY_TLS=internal."
        )
    _check_storage(values)
    if values["ENV"] != "sandbox":
        _check_real(values)


def _check_storage(values: dict[str, str]) -> None:
    buckets = ("STORAGE_METRICS_BUCKET", "STORAGE_LOGS_BUCKET")
    if len({values[name] for name in buckets}) == 1:
        raise OpsError(f"{' and '.join(buckets)} are both {values[buckets[0]]}: give each its own bucket in .env.")
    if values["STORAGE_PATH_STYLE"] == "false" and not values["STORAGE_URL"]:
        raise OpsError("STORAGE_PATH_STYLE=false is for storage of your own: expected its address in STORAGE_URL, too.")


def _move_ports(values: dict[str, str]) -> None:
    """Add PORT_OFFSET to each port."""
    default = 0 if values["PROJECT"] == FIRST else SECOND_OFFSET
    offset = int(values["PORT_OFFSET"] or default)
    for name in (*PORTS, SENTRY_PORT):
        port = int(values[name]) + offset
        if port > LAST_PORT:
            raise OpsError(
                f"{name}={values[name]} and PORT_OFFSET={offset} make {port}: expected at most {LAST_PORT}. "
                "Choose a smaller PORT_OFFSET."
            )
        values[name] = str(port)
    values["PORT_OFFSET"] = str(offset)


def _check_real(values: dict[str, str]) -> None:
    """Outside the sandbox no setting may name a service of the sandbox, and no page is open to the network."""
    is_open = values["GATEWAY"] != "on" and not ipaddress.ip_address(values["BIND"]).is_loopback
    if values["ENV"] == "production" and is_open:
        raise OpsError(
            f"ENV=production with BIND={values['BIND']} opens pages without log-in to the network: expected "
            "GATEWAY=on, behind which they are, or BIND=127.0.0.1. Set one of them in .env."
        )
    providers = ("PAYMENT_API_URL", "SHIPPING_API_URL") if values["SAMPLE"] == "on" else ()
    for name in providers:
        if not re.match(r"https?://", values[name]):
            raise OpsError(
                f"ENV={values['ENV']} needs {name}: found {values[name]!r}, expected the provider's URL in .env."
            )
    for name in (*providers, "SMTP_SMARTHOST", "PAGERDUTY_URL"):
        if host := sandbox_host(values[name]):
            raise OpsError(
                f"ENV={values['ENV']} runs no sandbox service, but {name} points at {host!r}. Set the real one in .env."
            )
