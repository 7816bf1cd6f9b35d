"""With SAMPLE=off `make smoke` leaves out what asks the sample, and runs the rest."""

import sys

from tests.support.stack import run

COLLECT = (sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/smoke")


def test_only_what_asks_the_sample_is_off() -> None:
    listed = run(*COLLECT, env={"SAMPLE": "off"})
    chosen = {line.rpartition("::")[2].partition("[")[0] for line in listed.splitlines() if "::" in line}
    assert {"test_services", "test_targets", "test_probes", "test_rules", "test_board", "test_channel"} <= chosen
    assert {"test_requests_answered", "test_order", "test_error_event", "test_health_pages"} & chosen == set()
