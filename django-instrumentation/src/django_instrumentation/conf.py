"""Every setting of this package, read once into one frozen object: INSTRUMENTATION in Django's settings."""

import os
import re
import sys
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, get_origin

from django.core.exceptions import ImproperlyConfigured

__all__ = ["Settings", "from_environment", "get", "parse", "read_secret"]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMATS = ("auto", "json", "text")
PREFIX = "INSTRUMENTATION_"
"""Each variable is also read with this prefix, and the prefixed one wins."""
SERVICE_ADDRESS = re.compile(r"(?:tcp|udp|sctp)://\S+")
"""What Kubernetes and Docker's links set as METRICS_PORT in every container beside a service named `metrics`."""
SERVED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*\.[aw]sgi(?::[\w.()]+)?")
"""The argument of a server that names the application, such as shop.wsgi:application."""
KINDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a tuple of texts",
}
_from_files: set[tuple[str, str]] = set()
"""Each secret that a file gave, by the name of its variable."""
PATHS = ("live_path", "health_path", "ready_path", "metrics_path")
"""The fields that are paths of our own pages; an empty one is no page."""
NAME = (r"\S.*", "a name without a space before it")
PATH = (r"(/\S+)?", "a path below / and without a space, such as /metrics, or nothing")
ADDRESS = (r"((?i:https?)://\S+)?", "an address such as http://jaeger:4318")


def project_name() -> str:
    """The first part of the module that this process serves or takes its settings from."""
    served = (argument for argument in sys.argv[1:] if SERVED.fullmatch(argument))
    return first_part(next(served, ""), os.environ.get("DJANGO_SETTINGS_MODULE", ""))


def first_part(*modules: str) -> str:
    return next(filter(None, (module.partition(".")[0] for module in modules)), "django")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field's `variable` is what from_environment() reads it from; a secret may also be a file, by NAME_FILE."""

    application: str = field(default_factory=project_name, metadata={"variable": "APPLICATION", "pattern": NAME})
    """The name that all services of this project share, such as shop: in each log line, error event and span."""
    service: str = field(default_factory=project_name, metadata={"variable": "SERVICE", "pattern": NAME})
    """The name of this service, such as shop-web: in each log line, error event and span."""
    env: str = field(default="production", metadata={"variable": "ENV", "pattern": NAME})
    """The name of this installation, such as production or staging."""
    version: str = field(default="", metadata={"variable": "VERSION"})
    """The version that runs: in each log line, and in the metric build_info."""
    log_level: str = field(default="INFO", metadata={"variable": "LOG_LEVEL", "choices": LEVELS})
    """The least level that is written."""
    log_format: str = field(default="auto", metadata={"variable": "LOG_FORMAT", "choices": FORMATS})
    """json: one object a line; text: for people; auto: text where stdout is a terminal or DEBUG is on, else json."""
    metrics_token: str = field(default="", repr=False, metadata={"variable": "METRICS_TOKEN", "secret": True})
    """The bearer token that /metrics wants; empty: nobody may read it."""
    server_port: int = field(default=8001, metadata={"variable": "METRICS_PORT", "range": (0, 65535)})
    """Where a Celery worker or beat serves /metrics, /livez and /readyz. A service's address, tcp://…, is ignored."""
    metrics_path: str = field(default="/metrics", metadata={"variable": "METRICS_PATH", "pattern": PATH})
    """Where the web process shows its metrics, whatever the project's URLs are."""
    live_path: str = field(default="/livez", metadata={"variable": "LIVE_PATH", "pattern": PATH})
    """Where the web process says that it runs."""
    health_path: str = field(default="/healthz", metadata={"variable": "HEALTH_PATH", "pattern": PATH})
    """The same as live_path, under the name that some probes expect."""
    ready_path: str = field(default="/readyz", metadata={"variable": "READY_PATH", "pattern": PATH})
    """Where the web process says whether what it needs answers too."""
    max_views: int = field(default=150, metadata={"variable": "METRICS_MAX_VIEWS", "range": (0, sys.maxsize)})
    """How many views have metrics of their own; those asked for later share the label view="other"."""
    ready_checks: tuple[str, ...] = ("database", "cache")
    """What /readyz of the web process asks: database, cache (or database:<alias>), broker, shop.health.a_function."""
    organization_attribute: str = ""
    """The user's attribute that holds an organization's id; reading it must not cost a query."""
    max_body_bytes: int = field(default=0, metadata={"variable": "MAX_BODY_BYTES", "range": (0, sys.maxsize)})
    """The longest request body in bytes; a longer one is answered with 413 and never stored. 0: no limit."""
    sentry_dsn: str = field(default="", repr=False, metadata={"variable": "SENTRY_DSN", "secret": True})
    """The error tracker; empty: no reports. A sentry_sdk.init of the project's own wins."""
    sentry_environment: str = field(default="", metadata={"variable": "SENTRY_ENVIRONMENT"})
    """The environment of error events; empty: env."""
    sentry_release: str = field(default="", metadata={"variable": "SENTRY_RELEASE"})
    """The release of error events; empty: version."""
    user_email: bool = field(default=True, metadata={"variable": "SENTRY_USER_EMAIL"})
    """Whether error events carry the user's e-mail address. It is personal data: the tracker then holds it."""
    trace_endpoint: str = field(default="", metadata={"variable": "OTEL_EXPORTER_OTLP_ENDPOINT", "pattern": ADDRESS})
    """Where spans go by OTLP over HTTP, such as http://jaeger:4318; empty: no tracing."""
    trace_ratio: float = field(default=0.1, metadata={"variable": "OTEL_TRACES_SAMPLER_ARG", "range": (0, 1)})
    """The share of traces begun here that is kept whatever comes of them; who calls with a traceparent has decided."""
    trace_slow_seconds: float = field(
        default=1.0, metadata={"variable": "TRACE_SLOW_SECONDS", "range": (0, sys.maxsize)}
    )
    """A request that takes longer is kept outside the share too, as is all that fails."""
    trace_whole: bool = field(default=False, metadata={"variable": "TRACE_WHOLE"})
    """Also send spans of traces with parts elsewhere, for a collector that keeps or drops them, as the stack's does."""

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, valid(each, getattr(self, each.name)))


def valid(each: Field[Any], value: Any) -> Any:
    """The value, a choice as it is listed, or ImproperlyConfigured with what was found, expected and is to be done."""
    kind: Any = get_origin(each.type) or each.type
    choices, limits, pattern = (each.metadata.get(name) for name in ("choices", "range", "pattern"))
    expected = KINDS[kind]
    accepted = isinstance(value, (int, float) if kind is float else kind) and isinstance(value, bool) is (kind is bool)
    if choices:
        expected = f"one of {', '.join(choices)}"
        listed = {choice.lower(): choice for choice in choices}
        value = listed.get(str(value).lower(), value)
        accepted = value in choices
    elif limits:
        expected = f"{expected}, {limits[0]} to {limits[1]}"
        accepted = accepted and limits[0] <= value <= limits[1]
    elif pattern:
        expected = pattern[1]
        accepted = accepted and re.fullmatch(pattern[0], value, re.DOTALL) is not None
    if accepted:
        return value
    found = "a value of another kind" if each.metadata.get("secret") else repr(value)
    variable = each.metadata.get("variable")
    where = f"the environment variable {variable} or in " if variable else ""
    raise ImproperlyConfigured(
        f"INSTRUMENTATION's {each.name} is {found}; expected {expected}. Set it in {where}setup({each.name}=…)."
    )


def from_environment(**given: Any) -> Settings:
    """The settings as the process environment has them; what is given here wins.

    Raises ImproperlyConfigured with a sentence for a value that is none.
    """
    values: dict[str, Any] = {}
    for each in fields(Settings):
        variable = each.metadata.get("variable")
        if variable is None or each.name in given:
            continue
        text = read_secret(variable) if each.metadata.get("secret") else read(variable)
        if text:
            values[each.name] = parse(variable, text, each.type)
    return Settings(**values, **given)


def from_environment_or_exit() -> Settings:
    """For a server's master: Django's settings are its workers' to load, with every failure that they may have."""
    try:
        return from_environment()
    except ImproperlyConfigured as error:
        sys.exit(str(error))


def read(variable: str) -> str:
    """The variable with the prefix or else without it; empty when there is neither, or only a service's address."""
    return next((text for text in _texts(variable) if not _is_address(variable, text)), "")


def ignored_address(variable: str) -> str:
    """What read() left out and had nothing else for: the value that the platform set for a service of that name."""
    return "" if read(variable) else next(iter(_texts(variable)), "")


def _texts(variable: str) -> list[str]:
    texts = (os.environ.get(known, "").strip() for known in (PREFIX + variable, variable))
    return [text for text in texts if text]


def _is_address(variable: str, text: str) -> bool:
    return variable.endswith("_PORT") and SERVICE_ADDRESS.fullmatch(text) is not None


def read_secret(name: str) -> str:
    """The content of the file that NAME_FILE names, or else NAME itself; empty when there is neither."""
    for known in (PREFIX + name, name):
        if file := os.environ.get(f"{known}_FILE", ""):
            try:
                found = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ImproperlyConfigured(
                    f"The file {file} that {known}_FILE names can't be read ({error}); expected a readable text file."
                ) from error
            if Path(file).is_file():  # a pipe would make whoever reads it again wait for its writer
                _from_files.add((name, found))
            return found
        if value := os.environ.get(known, "").strip():
            return value
    return ""


def renewed(name: str, known: str) -> str:
    """What the file of a secret has now, where `known` came from it: a new one needs no restart. Else `known`."""
    if (name, known) not in _from_files:
        return known
    try:
        return read_secret(name) or known
    except ImproperlyConfigured:
        return known


def parse(variable: str, text: str, kind: Any) -> Any:
    """The value of the variable's text as a bool, int, float or str, or ImproperlyConfigured with a sentence."""
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        if kind is int and not re.fullmatch("[+-]?[0-9]+", text):  # int() takes 1_000 and digits of other scripts too
            raise ValueError
        return kind(text)
    except (KeyError, ValueError):
        raise ImproperlyConfigured(f"{variable} is {text!r}; expected {KINDS[kind]}.") from None


def get() -> Settings:
    """The settings of this process; ImproperlyConfigured when there are none."""
    from django.conf import settings

    found = getattr(settings, "INSTRUMENTATION", None)
    if not isinstance(found, Settings):
        raise ImproperlyConfigured(
            f"INSTRUMENTATION in Django's settings is {type(found).__name__}; expected "
            "django_instrumentation.conf.Settings. Call django_instrumentation.setup(globals()) at the end of the "
            "settings."
        )
    return found
