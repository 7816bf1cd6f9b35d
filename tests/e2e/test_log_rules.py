"""Loki's rules on the running stack: what they count arrives in Prometheus, whose rules and boards read it."""

import json
import uuid
from typing import Any

from loki import rule_files
from tests.support.api import Api
from tests.support.prometheus import Prometheus
from tests.support.stack import execute
from tests.support.wait import eventually

PRINT = "import sys; print(sys.argv[1], file=open('/proc/1/fd/1', 'w'))"


class Ruler(Api):
    service = "loki"
    root = "/prometheus/api/v1"


def test_every_rule_is_evaluated_without_a_failure() -> None:
    def rules() -> dict[str, tuple[str, str]]:
        groups: list[dict[str, Any]] = Ruler().get("rules")["data"]["groups"]
        return {
            each["name"]: (each["health"], each["lastError"])
            for group in groups
            for each in group["rules"]
            if not group["file"].startswith("own")
        }

    expected = {rule.get("alert") or rule["record"]: ("ok", "") for _, rule in rule_files.rules()}
    eventually(rules, "every rule of loki/rules, evaluated", 70, until=lambda found: found == expected)


def test_a_traceback_in_a_line_is_counted_in_prometheus(prometheus: Prometheus) -> None:
    name = f"PlantedError{uuid.uuid4().hex}"
    text = f'Traceback (most recent call last):\n  File "x.py", line 1, in x\n    x()\nplanted.{name}: on purpose'
    line = {"level": "ERROR", "message": "Planted by a test", "exception": text}
    execute("partner", "python", "-c", PRINT, json.dumps(line))
    counted = f'service_exception:log_tracebacks:count5m{{exception="planted.{name}"}}'
    # Once a minute Loki counts.
    (series,) = eventually(lambda: prometheus.query(counted), counted, 90, interval=2)
    identity = {label: series.labels[label] for label in ("application", "env", "service")}
    assert (identity, series.value) == ({"application": "sandbox", "env": "sandbox", "service": "partner"}, 1)
