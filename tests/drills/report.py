"""The outcomes as docs/operations/drills.md and as lines for the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import Lock

from ops.console import table
from ops.paths import ROOT
from tests.drills.rules import digest, rule
from tests.drills.runner import Outcome
from tests.drills.table import DRILLS, DUE, NOT_DRILLED
from tests.support.stack import run

PAGE = ROOT / "docs" / "operations" / "drills.md"
RESULTS = ROOT / "tests" / "drills" / "results.json"
LEAST_DRILLED = 40
WRITING = Lock()  # drills end side by side
HEAD = ["class", "alert", "severity", "fault", "notified after s", "due after s", "resolved after s", "by"]
MEASURED = ["measured", "at commit"]


@dataclass(frozen=True)
class Line:
    """One drill as it is kept; None where nothing came. `digest` is of the rule as it was drilled."""

    component: str
    alert: str
    severity: str
    fault: str
    notified_after: float | None
    due_from: float
    due_to: float
    resolved_after: float | None
    channels: list[str]
    trouble: str
    digest: str
    taken: str
    commit: str

    @staticmethod
    def of(outcome: Outcome) -> Line:
        drill = outcome.drill
        return Line(
            rule(drill.alert, drill.severity)["component"],
            drill.alert,
            drill.severity,
            drill.fault,
            _rounded(outcome.notified_after),
            round(outcome.model.lower),
            round(outcome.model.upper),
            _rounded(outcome.resolved_after),
            sorted({page.channel for page in outcome.pages}),
            outcome.trouble.split("Last seen")[0][:160],
            digest(drill.alert, drill.severity),
            datetime.now(UTC).date().isoformat(),
            run("git", "rev-parse", "--short", "HEAD").strip(),
        )

    @property
    def is_stale(self) -> bool:
        """Whether the alert is judged or routed otherwise than when it was drilled."""
        return self.digest != digest(self.alert, self.severity)

    def row(self) -> list[str]:
        due = f"{self.due_from:.0f} to {self.due_to:.0f}"
        cells = [self.component, self.alert, self.severity, self.fault, _shown(self.notified_after), due]
        return [*cells, _shown(self.resolved_after), ", ".join(self.channels) or self.trouble]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def keep(outcome: Outcome) -> None:
    """Put the new line in the place of an older one of the same drill, and write the page."""
    new = Line.of(outcome)
    with WRITING:
        write([*read(), new])


def write(lines: Sequence[Line]) -> None:
    """In the order of the table, the last line of each drill; what has no row in it any more is left out."""
    by_drill = {(line.alert, line.severity): line for line in lines}
    order = [(drill.alert, drill.severity) for drill in DRILLS]
    kept = [by_drill[key] for key in order if key in by_drill]
    RESULTS.write_text(json.dumps([asdict(line) for line in kept], indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")


def read() -> list[Line]:
    return [Line(**each) for each in json.loads(RESULTS.read_text(encoding="utf-8"))]


def page(lines: Sequence[Line]) -> str:
    drilled = "\n".join(f"| {' | '.join([*line.row(), line.taken, line.commit])} |" for line in lines)
    others = "\n".join(f"| {alert} | {reason} |" for alert, reason in sorted(NOT_DRILLED.items()))
    return f"""# Alert drills

Written by `make drill ALERT=all` (or one alert's name): the fault is real, the notification is what arrived in the
inbox and in Mailpit, the times are seconds from the fault (and from the mending) to the notification. "Due" is what the
configuration allows: filling of the rule's window + scrape + evaluation + `for` + `group_wait`. `make test` drills some
of them, and turns red when a rule here, a series that it reads or its route has changed since it was drilled.

| {" | ".join([*HEAD, *MEASURED])} |
|{"---|" * len([*HEAD, *MEASURED])}
{drilled}

## Due to be drilled anew

The rule, a series that it reads or its route has changed since the last drill: {", ".join(sorted(DUE)) or "none"}.

## Not drilled

Proven by `promtool` on recorded series only.

| alert | why |
|---|---|
{others}
"""


def as_table(lines: Sequence[Line]) -> str:
    return table([line.row() for line in lines], HEAD)
