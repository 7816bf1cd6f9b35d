"""A metric that a project makes before setup() is on /metrics with all of its counts, and no file is left of it."""

import json
from pathlib import Path

import pytest
from harness import scripts

EARLY = """
import json, os
from prometheus_client import Counter, Gauge, Histogram

orders, by_kind = Counter("orders", "Orders."), Counter("orders_by_kind", "Orders.", ["kind"])
open_orders = Gauge("open_orders", "Orders.", multiprocess_mode="livesum")
lasted = Histogram("lasted", "Seconds.")


def count():
    orders.inc()
    by_kind.labels("gift").inc()
    open_orders.set(7)
    lasted.observe(0.2)


count()
from django_instrumentation import exposition, multiprocess

multiprocess.install()
multiprocess.enter("shop")
count()
if os.fork() == 0:
    count()
    os._exit(0)
os.wait()
names = ("orders_total", "orders_by_kind_total", "open_orders", "lasted_count", 'lasted_bucket{le="0.25"}')
lines = exposition.render().decode().splitlines()
print(json.dumps([line for line in lines if line.startswith(names)]))
"""


@pytest.mark.parametrize("has_folder", [True, False])
def test_it_goes_on_from_what_it_has_counted(tmp_path: Path, has_folder: bool) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    variable = str(folder) if has_folder else ""
    found = json.loads(scripts.output("-c", EARLY, cwd=tmp_path, PROMETHEUS_MULTIPROC_DIR=variable))
    number = 3.0 if has_folder else 2.0  # without a folder each process counts for itself
    assert sorted(found) == [
        f'lasted_bucket{{le="0.25"}} {number}',
        f"lasted_count {number}",
        "open_orders 7.0",
        f'orders_by_kind_total{{kind="gift"}} {number}',
        f"orders_total {number}",
    ]
    assert [*folder.glob("*.db"), *tmp_path.glob("*.db")] == []
