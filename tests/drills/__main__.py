"""`make drill ALERT=…|all|due`: real faults, real notifications, timed against what the configuration allows."""

import sys

from ops.console import say, step
from ops.paths import ROOT
from tests.drills import report, runner
from tests.drills.table import DRILLS, DUE
from tests.support import stack


def main(wanted: str) -> int:
    known = sorted({drill.alert for drill in DRILLS})
    chosen = [drill for drill in DRILLS if wanted in ("all", drill.alert) or (wanted == "due" and drill.name in DUE)]
    if not chosen:
        sys.stderr.write(f"No drill for {wanted!r}: expected ALERT=all, ALERT=due or one of {', '.join(known)}.\n")
        return 2
    stack.ensure_up()
    with step(f"{len(chosen)} drills"):
        outcomes = runner.run_all(chosen, say, report.keep)
    lines = report.read()
    names = {(outcome.drill.alert, outcome.drill.severity) for outcome in outcomes}
    say(report.as_table([line for line in lines if (line.alert, line.severity) in names]))
    for outcome in outcomes:
        if not outcome.passed:
            say(f"{outcome.drill.name}: {outcome.trouble}")
    say(f"Written: {report.PAGE.relative_to(ROOT)}")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
