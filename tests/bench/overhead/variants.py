"""What is compared: bare Django, the usual set-up and ours, with all of it and with parts of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TRACE_RATIO = "0.1"
VIEWS = ("noop", "queries")


@dataclass(frozen=True)
class Variant:
    """`settings` and `wsgi` are modules of project/; `adds` says what it has and the one before it hasn't."""

    name: str
    settings: str
    adds: str = ""
    wsgi: str = "plain.wsgi"
    errors: bool = False
    traced: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Its name where it can't hold a space or a colon."""
        return "-".join(re.findall(r"\w+", self.name))

    def variables(self, sink: str) -> dict[str, str]:
        """Its environment; errors and spans go to a path of its own at `sink`, host and port."""
        found = {"DJANGO_SETTINGS_MODULE": self.settings, "WSGI": self.wsgi, **self.environment}
        if self.errors:
            found["SENTRY_DSN"] = f"http://benchmark@{sink}/{self.folder}/1"
        if self.traced:
            found |= {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{sink}/{self.folder}",
                "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                "OTEL_TRACES_SAMPLER_ARG": TRACE_RATIO,
                "OTEL_SERVICE_NAME": "shop",
            }
        return found


SERVICE = {"SERVICE": "shop", "ENV": "production", "VERSION": "1.0", "METRICS_TOKEN": "benchmark-token"}
QUIET = {**SERVICE, "LOG_LEVEL": "WARNING"}

BARE = Variant("bare", "bare")
USUAL = Variant("usual", "usual", adds="errors", errors=True)
USUAL_TRACED = Variant("usual traced", "usual", adds="traces", wsgi="usual_traced", errors=True, traced=True)
OURS = Variant("ours", "ours", adds="errors", errors=True, environment=SERVICE)
OURS_TRACED = Variant("ours traced", "ours", adds="traces", errors=True, traced=True, environment=SERVICE)

UNDER_ASGI = (BARE, USUAL, OURS)
WHOLE = (BARE, USUAL, OURS, USUAL_TRACED, OURS_TRACED)
USUAL_BY_PARTS = (
    BARE,
    Variant("usual: metrics", "usual_metrics", adds="metrics"),
    Variant("usual: metrics, lines", "usual_lines", adds="log lines"),
    USUAL,
    USUAL_TRACED,
)
KNOBS_BY_PARTS = (
    Variant("usual: metrics, lines", "usual_lines", adds="log lines"),
    Variant("usual: knobs", "usual_knobs", adds="errors", errors=True),
)
OURS_BY_PARTS = (
    BARE,
    Variant("ours: ids, metrics", "ours", adds="ids and metrics", environment=QUIET),
    Variant("ours: ids, metrics, line", "ours", adds="log line", environment=SERVICE),
    OURS,
    OURS_TRACED,
)
ALL = tuple({each.name: each for each in (*WHOLE, *USUAL_BY_PARTS, *KNOBS_BY_PARTS, *OURS_BY_PARTS)}.values())
