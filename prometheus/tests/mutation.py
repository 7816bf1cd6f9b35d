"""`make mutation`: would a case notice a slip in a rule?

Plants every fault of mutators.py, one at a time, and runs the cases of the rules file's own test file until one fails:
a recorded series is an interface, so the file that records it proves it. Runs the files that have changed since their
result was recorded; `make mutation ALL=yes` runs every file. What survives needs a new case, or a reason in
survivors.yml.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops import commands
from ops.console import say, table
from ops.paths import ROOT
from prometheus import rule_files
from prometheus.tests import mutation_runner, survivors
from prometheus.tests.mutation_runner import RulesFile
from prometheus.tests.records import Record, Row, digest, prometheus_version

PAGE = ROOT / "docs" / "operations" / "mutation.md"
RECORD = Record(PAGE.with_suffix(".json"), "make mutation")
GOAL = 0.85
HEAD = ("rules file", "rules", "mutants", "noticed", "score")


def inputs() -> dict[str, str]:
    """By rules file the digest of what decides its result: rules, cases, mutants, the runner and promtool's version.

    The mutants stand for the code of mutators.py, so that code which plants the same faults leaves results current.
    """
    runner = Path(mutation_runner.__file__).read_text(encoding="utf-8")
    return {
        name: digest(
            prometheus_version(),
            runner,
            file.document,
            file.tests,
            file.neighbours,
            [(called, mutant.change, mutant.rule) for called, mutant in file.mutants],
        )
        for name, file in ((name, RulesFile.read(name)) for name in rule_files.paths())
    }


def survived(rows: Mapping[str, Row]) -> list[survivors.Key]:
    return [(file, rule, mutant) for file, row in rows.items() for rule, mutant in row["survivors"]]


def scores(rows: Mapping[str, Row]) -> list[list[str]]:
    """A line for each file and one for all. An accepted survivor isn't noticed either."""
    figures = {name: (row["rules"], row["mutants"], len(row["survivors"])) for name, row in rows.items()}
    rules, mutants, lost = (sum(column) for column in zip(*figures.values(), strict=True))
    return [
        [name, str(rules), str(mutants), str(mutants - lost), f"{1 - lost / mutants:.1%}"]
        for name, (rules, mutants, lost) in [*figures.items(), ("all", (rules, mutants, lost))]
    ]


def faults(rows: Mapping[str, Row]) -> list[str]:
    """Scores that are too low, survivors without a reason and reasons without a survivor."""
    low = [
        f"{name}: {noticed} of {mutants} mutants are noticed, {score}; expected at least {GOAL:.0%}. Add cases."
        for name, _, mutants, noticed, score in scores(rows)
        if int(noticed) < GOAL * int(mutants)
    ]
    accepted = {each: reason for each, reason in survivors.load().items() if each[0] in rows}
    return low + survivors.faults(survived(rows), accepted)


def page(rows: Mapping[str, Row]) -> str:
    accepted = survivors.load()
    lines = "\n".join(f"| {' | '.join(row)} |" for row in scores(rows))
    listed = "\n".join(
        f"| {file} | {rule} | `` {mutant.replace('|', chr(92) + '|')} `` | "
        f"{accepted.get((file, rule, mutant), 'not explained')} |"
        for file, rule, mutant in survived(rows)
    )
    return f"""# Mutation score of the rules

Written by `make mutation` from its record, [mutation.json](mutation.json). It mutates the rules in one place
at a time (a comparison turned round, a threshold multiplied or divided by three, a matcher dropped, a label of `by` or
`unless` dropped, a window six times as long, `for` dropped or three times as long, `and` made `or`, another severity),
and runs the cases of the same file. `make test` demands that the cases notice {GOAL:.0%} of each file, and that the
record belongs to the rules and cases as they are. `make mutation` runs only the files that have changed, `make
mutation ALL=yes` every file.

| {" | ".join(HEAD)} |
|---|---|---|---|---|
{lines}

## What no case notices, and why that's accepted

| rules file | rule | fault | reason |
|---|---|---|---|
{listed}
"""


def promtool() -> str:
    """PROMTOOL, or the one out of the stack's image; of the version that results are recorded for."""
    program = os.environ.get("PROMTOOL") or str(commands.tool("promtool"))
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    if f"version {prometheus_version()} " not in said:
        raise RuntimeError(
            f"{program} is {said.splitlines()[0]}; expected version {prometheus_version()}, which images/images.toml "
            "names. Build or pull that image (`make up`), or set PROMTOOL to a promtool of that version."
        )
    return program


def main(arguments: Sequence[str]) -> int:
    wanted = inputs()
    rows = RECORD.current(wanted)
    stale = [name for name in wanted if "--all" in arguments or name not in rows]
    say(f"To run: {', '.join(stale) or 'nothing, every result is of the rules and cases as they are'}.")
    started = time.monotonic()
    for name, result in mutation_runner.judge(promtool(), stale) if stale else ():
        rows[name] = vars(result)
        RECORD.write(rows, wanted)  # what has run stays when the next file fails
        lost, seconds = len(result.survivors), time.monotonic() - started
        say(f"{name}: {result.mutants} mutants, {lost} not noticed, {seconds:.0f} s")
    rows = RECORD.current(wanted)
    PAGE.write_text(page(rows), encoding="utf-8")
    say(f"\n{table(scores(rows), HEAD)}\n\nWritten: {PAGE.relative_to(ROOT)}")
    found = faults(rows)
    for fault in found:
        say(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
