"""A second Prometheus whose recorded weeks end without orders: the drop of a business that a fresh sandbox has not had.

It evaluates the stack's own rules and tells the stack's own Alertmanager.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator

from ops.console import output
from ops.paths import LOCAL, ROOT
from ops.stack import PROJECT, Stack

FOLDER = LOCAL / "seeded"
NAME = f"{PROJECT}-seeded-prometheus"
RULES = ("baseline", "business")
WEEKS = 5
HOUR = 3600
PER_HALF_HOUR = 30  # orders, at any time of these weeks
STOPPED = 45 * 60  # seconds ago


def start(stack: Stack) -> None:
    """Write the weeks, make blocks of them, start Prometheus on these."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "data").mkdir(parents=True)
    (FOLDER / "data").chmod(0o777)
    (FOLDER / "series.om").write_text("\n".join([*_series(int(time.time())), "# EOF", ""]), encoding="utf-8")
    (FOLDER / "prometheus.yml").write_text(json.dumps(_configuration(stack)), encoding="utf-8")
    image = stack.model["services"]["prometheus"]["image"]
    mounts = ("--volume", f"{FOLDER}:/seeded", "--volume", f"{ROOT / 'prometheus' / 'rules'}:/rules:ro")
    common = ("--user", "65534:65534", "--memory", "512m", *mounts)
    blocks = ("tsdb", "create-blocks-from", "openmetrics", "/seeded/series.om", "/seeded/data")
    options = ("--config.file=/seeded/prometheus.yml", "--storage.tsdb.path=/seeded/data")
    retention = "--storage.tsdb.retention.time=40d"
    network = ("--network", f"{PROJECT}_monitoring")
    output(["docker", "run", "--rm", *common, "--entrypoint", "promtool", image, *blocks], timeout=120)
    output(["docker", "run", "--detach", "--name", NAME, *network, *common, image, *options, retention], timeout=120)


def remove(_: Stack) -> None:
    output(["docker", "rm", "--force", "--volumes", NAME])
    shutil.rmtree(FOLDER, ignore_errors=True)


def _series(now: int) -> Iterator[str]:
    """OpenMetrics: the orders of the last hours, and what the rules recorded of the weeks before."""
    yield "# TYPE erp_orders counter"
    labels = 'job="erp-web",outcome="placed",reason="ok"'
    for moment in range(now - 4 * HOUR, now, 60):
        counted = (min(moment, now - STOPPED) - (now - 4 * HOUR)) * PER_HALF_HOUR / 1800
        yield f"erp_orders_total{{{labels}}} {counted:.1f} {moment}"
    for name, value, begun in (
        ("event:business:increase30m", PER_HALF_HOUR, now - WEEKS * 7 * 24 * HOUR),
        ("event:business:ratio30m", 1, now - 5 * HOUR),
    ):
        yield f"# TYPE {name} gauge"
        yield from (f'{name}{{event="orders"}} {value} {moment}' for moment in range(begun, now - HOUR, 600))


def _configuration(stack: Stack) -> dict[str, object]:
    """JSON is YAML."""
    return {
        "global": {"evaluation_interval": "10s", "external_labels": {"env": stack.settings["ENV"]}},
        "rule_files": [f"/rules/{name}.yml" for name in RULES],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
    }
