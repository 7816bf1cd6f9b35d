"""A second Prometheus whose recorded weeks end without orders: the drop of a business that a fresh sandbox has not had.

It evaluates the stack's own rules and sends to the stack's own Alertmanager.
"""

import json
import shutil
import sys

from ops.console import output
from ops.paths import LOCAL, ROOT
from ops.stack import PROJECT, Stack

FOLDER = LOCAL / "history"
NAME = f"{PROJECT}-orders-prometheus"
SERIES = ROOT / "erp_app" / "faults" / "stopped_orders.py"


def start(stack: Stack) -> None:
    """Write the weeks, make blocks of them, start Prometheus on these."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "data").mkdir(parents=True)
    (FOLDER / "data").chmod(0o777)
    (FOLDER / "series.om").write_text(output([sys.executable, str(SERIES), stack.settings["ENV"]]), encoding="utf-8")
    (FOLDER / "prometheus.yml").write_text(json.dumps(_configuration(stack)), encoding="utf-8")
    image = stack.model["services"]["prometheus"]["image"]
    mounts = ("--volume", f"{FOLDER}:/history", "--volume", f"{ROOT / 'prometheus' / 'rules'}:/rules:ro")
    common = ("--user", "65534:65534", "--memory", "512m", *mounts)
    blocks = ("tsdb", "create-blocks-from", "openmetrics", "/history/series.om", "/history/data")
    options = ("--config.file=/history/prometheus.yml", "--storage.tsdb.path=/history/data")
    retention = "--storage.tsdb.retention.time=40d"
    network = ("--network", f"{PROJECT}_monitoring")
    output(["docker", "run", "--rm", *common, "--entrypoint", "promtool", image, *blocks], timeout=120)
    output(["docker", "run", "--detach", "--name", NAME, *network, *common, image, *options, retention], timeout=120)


def remove(_: Stack) -> None:
    output(["docker", "rm", "--force", "--volumes", NAME])
    shutil.rmtree(FOLDER, ignore_errors=True)


def _configuration(stack: Stack) -> dict[str, object]:
    """JSON is YAML."""
    return {
        "global": {"evaluation_interval": "10s", "external_labels": {"env": stack.settings["ENV"]}},
        "rule_files": ["/rules/erp/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
    }
