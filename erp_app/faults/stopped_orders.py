"""`stopped_orders.py ENV` prints OpenMetrics: recorded weeks of orders, and orders that stop 45 minutes ago."""

import sys
import time
from collections.abc import Iterator

WEEKS = 5
HOUR = 3600
PER_HALF_HOUR = 30  # orders, at any time of these weeks
STOPPED = 45 * 60  # seconds ago


def series(now: int, env: str) -> Iterator[str]:
    yield "# TYPE erp_orders counter"
    erp = f'application="erp",env="{env}"'
    labels = f'{erp},service="erp-web",job="erp-web",outcome="placed",reason="ok"'
    for moment in range(now - 4 * HOUR, now, 60):
        counted = (min(moment, now - STOPPED) - (now - 4 * HOUR)) * PER_HALF_HOUR / 1800
        yield f"erp_orders_total{{{labels}}} {counted:.1f} {moment}"
    for name, value, begun in (
        ("event:business:increase30m", PER_HALF_HOUR, now - WEEKS * 7 * 24 * HOUR),
        ("event:business:ratio30m", 1, now - 5 * HOUR),
    ):
        yield f"# TYPE {name} gauge"
        yield from (f'{name}{{{erp},event="orders"}} {value} {moment}' for moment in range(begun, now - HOUR, 600))
    yield "# EOF"


sys.stdout.writelines(f"{line}\n" for line in series(int(time.time()), sys.argv[1]))
