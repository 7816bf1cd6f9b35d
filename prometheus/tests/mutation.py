"""Would anybody notice a slip in a rule? `python -m prometheus.tests.mutation [COMPONENT...]`

Plants every fault of mutators.py, one at a time, and runs the cases of the component's own test file until one fails:
a recorded series is an interface, so the file that records it proves it. Without a component it also writes
docs/operations/mutation.md. What survives goes into a new case, or into survivors.yml with a reason.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ops import commands
from ops.console import say, table
from ops.paths import ROOT
from prometheus.tests import laboratory, survivors
from prometheus.tests.laboratory import Verdict

PAGE = ROOT / "docs" / "operations" / "mutation.md"
GOAL = 0.85
HEAD = ("rules file", "rules", "mutants", "noticed", "score")


@dataclass(frozen=True)
class Report:
    verdicts: tuple[Verdict, ...]

    @property
    def files(self) -> list[str]:
        return list(dict.fromkeys(each.component for each in self.verdicts))

    @property
    def survivors(self) -> list[Verdict]:
        return [each for each in self.verdicts if not each.killed]

    def of(self, file: str) -> Report:
        return Report(tuple(each for each in self.verdicts if each.component == file))

    @property
    def score(self) -> float:
        """Share of the mutants that are noticed; an accepted survivor isn't."""
        return 1 - len(self.survivors) / len(self.verdicts)

    def rows(self) -> list[list[str]]:
        return [self.of(file).row(file) for file in self.files] + [self.row("all")]

    def row(self, name: str) -> list[str]:
        rules = len({(each.component, each.rule) for each in self.verdicts})
        killed = len(self.verdicts) - len(self.survivors)
        return [name, str(rules), str(len(self.verdicts)), str(killed), f"{self.score:.1%}"]

    def too_low(self) -> list[str]:
        return [
            f"{row[0]}: {row[3]} of {row[2]} mutants are noticed, {row[4]}; expected at least {GOAL:.0%}."
            for row in self.rows()
            if int(row[3]) < GOAL * int(row[2])
        ]


def page(report: Report) -> str:
    accepted = survivors.load()
    rows = "\n".join(f"| {' | '.join(row)} |" for row in report.rows())
    listed = "\n".join(
        f"| {each.component} | {each.rule} | `` {each.mutant.change.replace('|', chr(92) + '|')} `` | "
        f"{accepted.get(survivors.key(each), 'not explained')} |"
        for each in report.survivors
    )
    return f"""# Mutation score of the rules

Written by `python -m prometheus.tests.mutation`. It plants {len(report.verdicts)} small faults into the rules, one at a
time (a comparison turned round, a threshold times or by three, a matcher, a label of `by` or `unless` dropped, a window
times six, `for` dropped or times three, `and` made `or`, the severity changed), and runs the cases of the same file.
`make test` demands {GOAL:.0%} of each file.

| {" | ".join(HEAD)} |
|---|---|---|---|---|
{rows}

## What no case notices, and why that's accepted

| rules file | rule | fault | reason |
|---|---|---|---|
{listed}
"""


def promtool() -> str:
    """PROMTOOL, or the one out of the stack's image."""
    return os.environ.get("PROMTOOL") or str(commands.tool("promtool"))


def main(wanted: Sequence[str]) -> int:
    there = laboratory.names()
    if unknown := set(wanted) - set(there):
        sys.stderr.write(f"No rules file {', '.join(sorted(unknown))}: expected some of {', '.join(there)}.\n")
        return 2
    started = time.monotonic()
    report = Report(laboratory.judge_all(promtool(), wanted))
    faults = survivors.faults(report.verdicts, survivors.load()) + report.too_low()
    for fault in faults:
        say(fault)
    say(f"\n{table(report.rows(), HEAD)}\n\n{time.monotonic() - started:.0f} s")
    if not wanted:
        PAGE.write_text(page(report), encoding="utf-8")
        say(f"Written: {PAGE.relative_to(ROOT)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
