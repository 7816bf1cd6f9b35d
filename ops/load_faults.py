"""Faults of too much: processes without end in one container, series without end from one application, a vast query."""

import json
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta

from ops import fault_acts as acts
from ops.console import OpsError
from ops.fault_acts import LIMIT_SECONDS, Act, Fault
from ops.stack import Stack

FORKING = "erp-fault-fork"
# Each copy waits; the first one goes on for as long as it is let.
FORK = f"""
import os, time
until = time.monotonic() + {LIMIT_SECONDS}
while time.monotonic() < until:
    try:
        if os.fork() == 0:
            time.sleep({LIMIT_SECONDS})
            break
    except OSError:
        time.sleep(0.2)
"""
ALERTS = 1_000
STORM = "FaultStorm"
# Pages of sandbox/wrong_page.py, each of an application of its own.
WRONG_PAGES = {
    "series-explosion": ("exploding", "another application gives out 40,000 series"),
    "series-churn": ("churning", "another application gives out 5,000 other series at each scrape"),
    "metrics-garbage": ("garbage", "another application's /metrics is no text of metrics"),
    "metrics-sign-in": ("sign_in", "another application's /metrics is a web page"),
    "metrics-vast": ("vast", "another application's /metrics has 100 MB"),
    "metrics-endless": ("endless", "another application's /metrics never ends"),
    "metrics-doubled": ("doubled", "another application's /metrics has a series twice, with other values"),
}
VAST = "/api/v1/query?" + urllib.parse.urlencode({"query": 'sum(count_over_time({__name__=~".+"}[1d:1s]))'})
LONG = "/loki/api/v1/query_range?" + urllib.parse.urlencode(
    {"query": '{application=~".+"}', "since": "1d", "limit": 10_000}
)


def _serve(name: str) -> Act:
    """An application of its own with that page."""

    def act(stack: Stack) -> None:
        labels = {"application": name, "env": stack.settings["ENV"], "metrics-port": "8000", "stack": stack.project}
        words = [f"--label=observability.{label}={value}" for label, value in labels.items()]
        program = f"from sandbox.wrong_page import serve; serve({name!r})"
        acts.start_beside(stack, name, stack.settings.network, program, "--memory=128m", *words)

    return act


def _storm(minutes: int) -> Act:
    """Hands Alertmanager ALERTS alerts of one group at once, that end after so many minutes."""

    def act(stack: Stack) -> None:
        group = {"alertname": STORM, "severity": "critical", "team": "infra", "service": "faults", "signal": "self"}
        place = {"application": "monitoring", "env": stack.settings["ENV"]}
        about = {"description": "A test of faults.", "runbook_url": "docs/runbooks/none.md"}
        told = {"summary": "A storm of alerts", **about}
        ends = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        alerts = [
            {"labels": {**group, **place, "instance": f"storm-{number}"}, "annotations": told, "endsAt": ends}
            for number in range(ALERTS)
        ]
        address = f"http://{stack.settings.host}:{stack.settings['ALERTMANAGER_PORT']}/api/v2/alerts"
        request = urllib.request.Request(address, json.dumps(alerts).encode(), {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - an http address
        except OSError as error:
            raise OpsError(f"Alertmanager doesn't take {ALERTS} alerts at {address}: {error}.") from None

    return act


def _ask(service: str, port: str, question: str, times: int = 3) -> Act:
    """It may be refused; that it ends is what is looked at."""

    def act(stack: Stack) -> None:
        address = f"http://{stack.settings.host}:{stack.settings[port]}{question}"
        for _ in range(times):
            try:
                urllib.request.urlopen(address, timeout=150).close()
            except urllib.error.HTTPError:
                continue
            except OSError as error:
                raise OpsError(f"{service} gave no answer to {question}: {error}.") from None

    return act


FAULTS: dict[str, Fault] = {
    "fork-bomb": Fault(
        "a program in the worker's container starts processes for as long as it is let",
        acts.python(FORKING, "erp-worker", FORK),
        acts.end_python(FORKING, "erp-worker"),
    ),
    **{fault: Fault(meaning, _serve(name), acts.end_beside(name)) for fault, (name, meaning) in WRONG_PAGES.items()},
    "alert-storm": Fault(f"{ALERTS:,} alerts of one group fire at once", _storm(30), _storm(0)),
    "query-vast": Fault(
        "somebody asks Prometheus three times for all that it has, second by second",
        _ask("Prometheus", "PROMETHEUS_PORT", VAST),
        acts.nothing,
    ),
    "lines-many": Fault(
        "somebody asks Loki three times for 10,000 lines at once", _ask("Loki", "LOKI_PORT", LONG), acts.nothing
    ),
}
