"""The labels of containers, which docs/applications.md describes: what each value has to look like."""

import re
from collections.abc import Iterator, Mapping

PREFIX = "observability."
TAKEN = ("erp", "monitoring", "sandbox")
# As Prometheus and Promtail have it: they leave out a container whose name, env or service is another text.
_NAME = (r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", "at most 63 letters, digits, dots, hyphens and underscores")
_PORT = (
    r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]",
    "a port's number, at most 65535",
)
_SWITCH = ("on|off", '"on" or "off" in quotation marks, without which YAML makes true or false of them')
FORMS = {
    "application": _NAME,
    "env": _NAME,
    "service": _NAME,
    "metrics-port": _PORT,
    "metrics-path": (r"/\S*", "a path such as /metrics"),
    "metrics-scheme": ("https?", "http or https"),
    "metrics-token": _SWITCH,
    "health": (r"/[^\s,]*(,/[^\s,]*)?|tcp", "a path, two with a comma and no space between them, or tcp"),
    "health-port": _PORT,
    "kind": _NAME,
    "measures": _NAME,
    "once": _SWITCH,
    "logs": _SWITCH,
    "log-format": ("postgres|redis|telegraf", "postgres, redis or telegraf, or no such label"),
    "stack": ("[a-z0-9][a-z0-9_-]*", "the PROJECT of a stack"),
    "network": (r"\S+", "the name of a network"),
}


def expected(label: str, value: str) -> str:
    """What the label's value should look like; empty for one that does."""
    form, words = FORMS[label]
    return "" if re.fullmatch(form, value) else words


def faults(labels: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each label, here without its prefix, that can't mean anything."""
    for label, value in labels.items():
        if label not in FORMS:
            yield f"{PREFIX}{label} is no label of this stack; expected one of {', '.join(FORMS)}."
        elif words := expected(label, value):
            yield f"{PREFIX}{label} is {value[:80]!r}; expected {words}."
