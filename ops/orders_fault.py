"""A second Prometheus whose recorded weeks end without orders: the drop of a business that a fresh sandbox has not had.

It evaluates the stack's own rules and sends to the stack's own Alertmanager.
"""

import json
import shutil
import sys
from pathlib import Path

from ops.console import output
from ops.paths import ROOT
from ops.stack import Stack

SERIES = ROOT / "erp_app" / "faults" / "stopped_orders.py"


def start(stack: Stack) -> None:
    """Write the weeks, make blocks of them, start Prometheus on these."""
    folder = _folder(stack)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    (folder / "data").chmod(0o777)
    (folder / "series.om").write_text(output([sys.executable, str(SERIES), stack.settings["ENV"]]), encoding="utf-8")
    (folder / "prometheus.yml").write_text(json.dumps(_configuration(stack)), encoding="utf-8")
    image = stack.model["services"]["prometheus"]["image"]
    mounts = ("--volume", f"{folder}:/history", "--volume", f"{ROOT / 'prometheus' / 'rules'}:/rules:ro")
    common = ("--user", "65534:65534", "--memory", "512m", *mounts)
    blocks = ("tsdb", "create-blocks-from", "openmetrics", "/history/series.om", "/history/data")
    options = ("--config.file=/history/prometheus.yml", "--storage.tsdb.path=/history/data")
    retention = "--storage.tsdb.retention.time=40d"
    server = ("--name", _name(stack), "--network", f"{stack.project}_monitoring")
    output(["docker", "run", "--rm", *common, "--entrypoint", "promtool", image, *blocks], timeout=120)
    output(["docker", "run", "--detach", *server, *common, image, *options, retention], timeout=120)


def remove(stack: Stack) -> None:
    output(["docker", "rm", "--force", "--volumes", _name(stack)])
    shutil.rmtree(_folder(stack), ignore_errors=True)


def _folder(stack: Stack) -> Path:
    return stack.local / "history"


def _name(stack: Stack) -> str:
    return f"{stack.project}-orders-prometheus"


def _configuration(stack: Stack) -> dict[str, object]:
    """JSON is YAML."""
    return {
        "global": {"evaluation_interval": "10s", "external_labels": {"env": stack.settings["ENV"]}},
        "rule_files": ["/rules/erp/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
    }
