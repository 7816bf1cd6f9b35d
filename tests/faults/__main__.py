"""`make faults NAME=…`: breaks a stack of its own, and writes what it measured into docs/operations."""

import sys

from ops.console import say, step
from tests.bench.growth import sizing
from tests.faults import own_stack, report, runner
from tests.faults.table import FAULTS
from tests.support.promises import PAGE


def main(wanted: str) -> int:
    names = wanted.split()
    known = sorted(fault.name for fault in FAULTS)
    if unknown := sorted({*names} - {"all", "quick", *known}):
        sys.stderr.write(
            f"No fault {', '.join(unknown)}: expected NAME=all, NAME=quick or some of {', '.join(known)}.\n"
        )
        return 2
    chosen = [each for each in FAULTS if "all" in names or each.name in names or ("quick" in names and each.quick)]
    with own_stack.running(), step(f"{len(chosen)} faults"):
        outcomes = runner.run_all(chosen, say, report.keep)
    sizing.write()
    say(f"Written: {PAGE.name}, {sizing.PAGE.name}")
    return 1 if any(outcome.late() or outcome.unequal or outcome.unexpected for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else "all"))
