"""The rows and what was last measured of them as a section of docs/operations/promises.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from ops.paths import ROOT
from tests.faults.accounts import ACCOUNTS, Figure
from tests.faults.elsewhere import PROVEN, UNPROVEN
from tests.faults.model import Fault
from tests.faults.runner import BUSY, Outcome
from tests.faults.table import FAULTS
from tests.support.promises import PAGE
from tests.support.stack import run

RESULTS = ROOT / "tests" / "faults" / "results.json"
QUICK = r" \*"
BEGIN, END = "\n## Faults\n", "\n## "
HEAD = (
    *(
        "No.",
        "What is broken",
        "What users may notice",
        "Works again within s",
        "measured s",
        "Seen or told while it is",
    ),
    *("within s", "measured s", "May be told", "Compared, by number", "Orders refused", "Measured", "At commit"),
)
INTRO = f"""
Written by `make faults` from `tests/faults/table.py`: each fault is real, on a stack of its own with shoppers and a
customer who goes on ordering. "Works again" is counted from the fault, or from the mending where somebody has to mend
it. What is compared is what was acknowledged, and what is there afterwards. No other alert is told than those named,
here or of a fault of the quarter of an hour before, and, of a machine that other tests keep busy, {", ".join(BUSY)}.
`make test PHASES=faults` runs those that are marked with an asterisk, `make test-all` all but the kill of the engine,
which would end other tests. The numbers are those of the project's list of faults.
"""


@dataclass(frozen=True)
class Line:
    """The last measuring of a row; None where nothing was promised or seen."""

    name: str
    seen_after: float | None
    works_after: float | None
    figures: dict[str, tuple[int | None, int]]
    refused: dict[str, int]
    trouble: str
    taken: str
    commit: str

    @staticmethod
    def of(outcome: Outcome) -> Line:
        return Line(
            outcome.fault.name,
            _rounded(outcome.seen_after),
            _rounded(outcome.works_after),
            {figure.account: (figure.found, figure.expected) for figure in outcome.figures},
            outcome.refused,
            outcome.trouble.split("Last seen")[0][:160],
            datetime.now(UTC).date().isoformat(),
            run("git", "rev-parse", "--short", "HEAD").strip(),
        )


def keep(outcome: Outcome) -> None:
    """Put the new line in the place of an older one of the same fault, and write the page."""
    write([*read(), Line.of(outcome)])


def write(lines: Sequence[Line]) -> None:
    """In the order of the table; what has no row in it any more is left out."""
    by_name = {line.name: line for line in lines}
    kept = [by_name[fault.name] for fault in FAULTS if fault.name in by_name]
    RESULTS.write_text(json.dumps([asdict(line) for line in kept], indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), kept), encoding="utf-8")


def read() -> list[Line]:
    return [Line(**each) for each in json.loads(RESULTS.read_text(encoding="utf-8"))]


def page(text: str, lines: Sequence[Line]) -> str:
    """The page of promises with its section of faults written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{section(lines)}{END}{after}"


def section(lines: Sequence[Line]) -> str:
    by_name = {line.name: line for line in lines}
    measured = _table(HEAD, [_row(fault, by_name[fault.name]) for fault in FAULTS if fault.name in by_name])
    proven = _table(
        ("No.", "What is broken", "Promise", "Test"),
        [(each.rows, each.broken, each.promise, f"`{each.test}`") for each in PROVEN],
    )
    unproven = _table(
        ("No.", "What is broken", "Why nothing here proves it"),
        [(each.rows, each.broken, each.why) for each in UNPROVEN],
    )
    reasons = "\n".join(f"- {sentence}" for sentence in _reasons())
    return (
        f"{INTRO}\n{measured}\nNot compared, because:\n\n{reasons}\n\n### Faults that another test has\n\n{proven}\n"
        f"### Faults that nothing here proves\n\n{unproven}"
    )


def _row(fault: Fault, line: Line) -> tuple[str, ...]:
    told = [fault.shows] if fault.shows else []
    told += [f"[{alert}](../runbooks/{alert}.md)" for alert in fault.alerts]
    cells = (fault.rows, fault.broken + (QUICK if fault.quick else ""), fault.noticed, f"{fault.within:g}")
    seen = ", ".join(told) or "-", f"{fault.seen_within:g}" if told else "-"
    figures = "; ".join(str(Figure(name, expected, found)) for name, (found, expected) in line.figures.items())
    refused = ", ".join(f"{number} by {status}" for status, number in line.refused.items()) or "none"
    may = ", ".join(alert for alert in fault.may if alert not in fault.alerts) or "-"
    measured = (_shown(line.works_after), *seen, _shown(line.seen_after), may)
    return (*cells, *measured, figures, refused, line.taken, line.commit)


def _reasons() -> Iterable[str]:
    """Of faults with the same reason together."""
    found: dict[tuple[str, str], list[str]] = {}
    for fault in FAULTS:
        for pair in fault.apart_from:
            found.setdefault(pair, []).append(fault.broken)
    for (account, reason), broken in found.items():
        yield f"{ACCOUNTS[account].counts}, while {', '.join(broken)}. {reason}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
