"""Every setting of this package, read once into one frozen object: O11Y in Django's settings."""

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field's `variable` is what from_environment() reads it from; a secret may also be a file, by NAME_FILE."""

    service: str = field(metadata={"variable": "SERVICE"})
    """The name of this service, such as shop-web: in each log line, error event and span."""
    env: str = field(default="production", metadata={"variable": "ENV"})
    """The name of this installation, such as production or staging."""
    version: str = field(default="", metadata={"variable": "VERSION"})
    """The version that runs: in each log line, and in the metric build_info."""
    log_level: str = field(default="INFO", metadata={"variable": "LOG_LEVEL"})
    """The least level that is written."""
    metrics_token: str = field(default="", repr=False, metadata={"variable": "METRICS_TOKEN", "secret": True})
    """The bearer token that /metrics wants; empty: nobody may read it."""
    server_port: int = field(default=8001, metadata={"variable": "METRICS_PORT"})
    """Where a Celery worker or beat serves /metrics, /livez and /readyz."""
    metrics_path: str = field(default="/metrics", metadata={"variable": "METRICS_PATH"})
    """Where the web process shows its metrics, whatever the project's URLs are."""
    live_path: str = field(default="/livez", metadata={"variable": "LIVE_PATH"})
    """Where the web process says that it runs."""
    health_path: str = field(default="/healthz", metadata={"variable": "HEALTH_PATH"})
    """The same as live_path, under the name that some probes expect."""
    ready_path: str = field(default="/readyz", metadata={"variable": "READY_PATH"})
    """Where the web process says whether what it needs answers too."""
    ready_checks: tuple[str, ...] = ("database", "cache")
    """What /readyz of the web process asks: database, cache, broker."""
    organization_attribute: str = ""
    """The user's attribute that holds an organization's id; reading it must not cost a query."""
    max_body_bytes: int = field(default=0, metadata={"variable": "MAX_BODY_BYTES"})
    """The longest request body in bytes; a longer one is answered with 413 and never stored. 0: no limit."""
    sentry_dsn: str = field(default="", repr=False, metadata={"variable": "SENTRY_DSN", "secret": True})
    """The error tracker; empty: no reports."""
    sentry_environment: str = field(default="", metadata={"variable": "SENTRY_ENVIRONMENT"})
    """The environment of error events; empty: env."""
    sentry_release: str = field(default="", metadata={"variable": "SENTRY_RELEASE"})
    """The release of error events; empty: version."""
    user_email: bool = field(default=True, metadata={"variable": "SENTRY_USER_EMAIL"})
    """Whether error events carry the user's e-mail address. It is personal data: the tracker then holds it."""
    trace_endpoint: str = field(default="", metadata={"variable": "OTEL_EXPORTER_OTLP_ENDPOINT"})
    """Where spans go by OTLP over HTTP, such as http://tempo:4318; empty: no tracing."""
    trace_ratio: float = field(default=0.1, metadata={"variable": "OTEL_TRACES_SAMPLER_ARG"})
    """The share of traces begun here that is kept; whoever calls with a traceparent has decided already."""

    def __post_init__(self) -> None:
        if not self.service:
            raise ImproperlyConfigured("O11Y has no service; expected a name such as shop-web (SERVICE).")
        if self.log_level not in LEVELS:
            raise ImproperlyConfigured(
                f"O11Y's log_level is {self.log_level!r}; expected one of {', '.join(LEVELS)} (LOG_LEVEL)."
            )
        if not 0 <= self.trace_ratio <= 1:
            raise ImproperlyConfigured(
                f"O11Y's trace_ratio is {self.trace_ratio}; expected 0 to 1 (OTEL_TRACES_SAMPLER_ARG)."
            )
        if not 0 <= self.server_port <= 65535:
            raise ImproperlyConfigured(f"O11Y's server_port is {self.server_port}; expected 0 to 65535 (METRICS_PORT).")


def from_environment(**given: Any) -> Settings:
    """The settings as the process environment has them; what is given here wins.

    Raises ImproperlyConfigured with a sentence for a value that is none.
    """
    values: dict[str, Any] = {}
    for each in fields(Settings):
        variable = each.metadata.get("variable")
        if variable is None or each.name in given:
            continue
        text = read_secret(variable) if each.metadata.get("secret") else os.environ.get(variable, "").strip()
        if text:
            values[each.name] = parse(variable, text, each.type)
    return Settings(**{"service": "", **values, **given})


def read_secret(name: str) -> str:
    """The content of the file that NAME_FILE names, or else NAME itself; empty when there is neither."""
    file = os.environ.get(f"{name}_FILE", "")
    if not file:
        return os.environ.get(name, "").strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"The file {file} that {name}_FILE names can't be read ({error}); expected a readable text file."
        ) from error


def parse(variable: str, text: str, kind: Any) -> Any:
    """The value of the variable's text as a bool, int, float or str, or ImproperlyConfigured with a sentence."""
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ImproperlyConfigured(f"{variable} is {text!r}; expected true or false.")
        return text.lower() == "true"
    if kind is float:
        try:
            return float(text)
        except ValueError:
            raise ImproperlyConfigured(f"{variable} is {text!r}; expected a number.") from None
    if kind is int:
        if not text.isascii() or not text.isdigit():
            raise ImproperlyConfigured(f"{variable} is {text!r}; expected a whole number.")
        return int(text)
    return text


def get() -> Settings:
    from django.conf import settings

    found = getattr(settings, "O11Y", None)
    if not isinstance(found, Settings):
        raise ImproperlyConfigured(
            f"O11Y in Django's settings is {type(found).__name__}; "
            "expected django_o11y.conf.from_environment(…) or Settings(…)."
        )
    return found
