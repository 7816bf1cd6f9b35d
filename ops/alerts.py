"""`make silence`, `make alerts` and `make alert-review`: amtool in Alertmanager's container, and Prometheus' API."""

import json
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.console import OpsError, say, table
from ops.stack import Stack

DURATION = r"(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})m)?(?:(?P<seconds>\d{1,9})s)?"
LONGEST_SILENCE = timedelta(days=30)
SEVERITIES = ("critical", "warning", "info")
STATES = ("firing", "pending", "silenced", "inhibited", "muted")
NAME = ("alertname", "severity", "team")
IDENTITY = ("application", "env", "service")
# Of an alert's labels those that its row has in a column, or that tell no two alerts apart.
SHOWN = {"alertname", "severity", "team", "signal", "job", *IDENTITY}
CHOSEN = {"service": "SERVICE", "application": "APPLICATION", "env": "IN_ENV"}  # the labels and words of `make silence`
FIRING = 'ALERTS{alertstate="firing", alertname!="Watchdog"}'
BEGUN = f"sum by ({', '.join(NAME)}) (count_over_time(({FIRING} unless {FIRING} offset 15s)[30d:15s]))"
CHANNEL = ("receiver_name", "integration")
SENT = f"sum by ({', '.join(CHANNEL)}) (increase(alertmanager_notifications_total[30d]))"
OLDEST = "min(prometheus_tsdb_lowest_timestamp_seconds) or vector(time())"
FAILED = SENT.replace("notifications", "notifications_failed")


def amtool(stack: Stack, *arguments: str) -> str:
    url = "--alertmanager.url=http://127.0.0.1:9093"
    try:
        return stack.compose("exec", "-T", "alertmanager", "amtool", url, *arguments).strip()
    except OpsError as error:
        raise OpsError(f"{error}. Expected a running stack: `make up`.") from None


@contextmanager
def answering(program: str, base: str) -> Iterator[None]:
    """Around a call of a program of the stack: one sentence when it doesn't answer, or answers something else."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise OpsError(f"{program} doesn't answer at {base} ({error}). Expected a running stack: `make up`.") from None


def prometheus(stack: Stack, path: str, **parameters: str) -> Any:
    """`data` of an answer of Prometheus' API."""
    base = f"http://{stack.settings.host}:{stack.settings['PROMETHEUS_PORT']}"
    return _data("Prometheus", base, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")


def of_loki(stack: Stack, path: str, kind: str) -> list[dict[str, Any]]:
    """What the ruler's API lists; where Loki doesn't answer nothing, which is said: the other alerts are shown."""
    base = f"http://{stack.settings.host}:{stack.settings['LOKI_PORT']}"
    try:
        found: list[dict[str, Any]] = _data("Loki", base, f"/prometheus/api/v1/{path}")[kind]
    except OpsError as error:
        say(f"Without the alerts that Loki judges: {error}")
        return []
    return found


def _data(program: str, base: str, path: str) -> Any:
    with answering(program, base), urllib.request.urlopen(base + path, timeout=60) as answer:  # noqa: S310
        return json.load(answer)["data"]


def exposition(base: str, program: str) -> str:
    """What a program shows under /metrics."""
    with answering(program, base), urllib.request.urlopen(f"{base}/metrics", timeout=10) as answer:  # noqa: S310
        text: str = answer.read().decode()
    return text


def query(stack: Stack, expression: str, labels: Sequence[str]) -> dict[tuple[str, ...], float]:
    """The values by those labels, the largest first."""
    rows = prometheus(stack, "query", query=f"sort_desc({expression})")["result"]
    return {tuple(row["metric"].get(label, "") for label in labels): float(row["value"][1]) for row in rows}


def rules(stack: Stack) -> list[dict[str, str]]:
    """The labels of each alerting rule, with its name."""
    groups = [*prometheus(stack, "rules", type="alert")["groups"], *of_loki(stack, "rules?type=alert", "groups")]
    found = [rule for group in groups for rule in group["rules"] if rule["type"] == "alerting"]
    return [{"alertname": rule["name"], **rule["labels"]} for rule in found]


def duration(text: str) -> timedelta:
    """`90s`, `30m`, `1h30m`, `2d`; OpsError for anything else."""
    found = re.fullmatch(DURATION, text, re.ASCII)
    length = timedelta(**{unit: int(number) for unit, number in found.groupdict("0").items()}) if found else timedelta()
    if not timedelta() < length <= LONGEST_SILENCE:
        raise OpsError(
            f"FOR={text!r} is no duration for a silence; expected at most {LONGEST_SILENCE.days}d, such as FOR=30m, "
            "FOR=1h30m or FOR=2d. To end an alert for good, change its rule."
        )
    return length


def silence(stack: Stack, length: str, *chosen: str) -> None:
    """Silence the alerts with the chosen labels, but not the Watchdog, which the heartbeat's receiver would miss."""
    end = datetime.now(UTC) + duration(length)
    labels = {label: value for label, value in zip(CHOSEN, chosen, strict=True) if value}
    if not labels.keys() & {"service", "application"}:
        raise OpsError(
            "SERVICE= and APPLICATION= are empty; expected one of them or both, as `make alerts` shows them."
        )
    fixed = rules(stack)
    for label, value in labels.items():
        # A rule fixes the label, or its expression has it.
        known = {*(rule.get(label, "") for rule in fixed), *prometheus(stack, f"label/{label}/values")}
        if value not in known:
            names = ", ".join(sorted(name for name in known if name and "{{" not in name))
            raise OpsError(f"{CHOSEN[label]}={value!r} has no alerts; expected one of {names}.")
    matchers = (*(f'{label}="{value}"' for label, value in labels.items()), 'alertname!="Watchdog"')
    asked = " ".join(f"{CHOSEN[label]}={value}" for label, value in labels.items())
    why = (f"--author={os.environ.get('USER', 'make')}", f"--comment=make silence {asked} FOR={length}")
    made = amtool(stack, "silence", "add", *matchers, f"--duration={length}", *why)
    page = f"{stack.variables['BASE_URL_ALERTMANAGER'].rstrip('/')}/#/silences/{made}"
    say(f"{asked} is silenced until {end:%Y-%m-%d %H:%M:%S} UTC (silence {made}). To end it sooner: {page}")


def alerts(stack: Stack) -> None:
    """Print the pending alerts of Prometheus and Loki and all of Alertmanager's, critical ones first."""
    evaluated = [*prometheus(stack, "alerts")["alerts"], *of_loki(stack, "alerts", "alerts")]
    pending = [each for each in evaluated if each["state"] == "pending"]
    every = ("--active", "--silenced", "--inhibited", "--unprocessed")
    held = json.loads(amtool(stack, "alert", "query", "--output=json", *every))
    say(listing([*pending, *held], stack.variables["BASE_URL_GRAFANA"].rstrip("/"), datetime.now(UTC)))


def listing(found: Sequence[Mapping[str, Any]], grafana: str, now: datetime) -> str:
    rows = []
    for alert in found:
        labels, annotations = alert["labels"], alert["annotations"]
        since = datetime.fromisoformat(alert.get("startsAt") or alert["activeAt"])
        board = annotations.get("dashboard_url", "")
        rows.append(
            [
                labels.get("severity", ""),
                _state(alert.get("status")),
                labels["alertname"],
                *(labels.get(label, "") for label in IDENTITY),
                " ".join(f"{label}={value}" for label, value in sorted(labels.items()) if label not in SHOWN),
                f"{since:%Y-%m-%d %H:%M:%S} UTC ({str(now - since).partition('.')[0]})",
                annotations.get("summary", ""),
                board and grafana + board,
            ]
        )
    rows.sort(key=lambda row: ((*SEVERITIES, row[0]).index(row[0]), STATES.index(row[1]), row))
    counts = ", ".join(f"{sum(row[1] == state for row in rows)} {state}" for state in STATES)
    return table(rows, ["severity", "state", "alert", *IDENTITY, "which", "since", "what", "board"]) + f"\n\n{counts}."


def _state(status: Mapping[str, Any] | None) -> str:
    """Of an alert, by the status that Alertmanager has given it."""
    if not status:
        return "pending"
    if status["state"] != "suppressed":
        return "firing"
    return "silenced" if status["silencedBy"] else "inhibited" if status["inhibitedBy"] else "muted"


def review(stack: Stack) -> None:
    """Print how often each alert began to fire in the last 30 days, what was sent, and which alerts never fired."""
    begun, sent, failed = query(stack, BEGUN, NAME), query(stack, SENT, CHANNEL), query(stack, FAILED, CHANNEL)
    oldest = query(stack, OLDEST, ())[()]
    never = {tuple(rule.get(label, "") for label in NAME) for rule in rules(stack)} - begun.keys()
    say(f"The last 30 days. Prometheus has data since {datetime.fromtimestamp(oldest, UTC):%Y-%m-%d %H:%M} UTC.\n")
    say(table([[*key, f"{count:.0f}"] for key, count in begun.items()], [*NAME, "fired"]))
    say("\nNotifications:\n")
    rows = [[*key, f"{count:.0f}", f"{failed.get(key, 0):.0f}"] for key, count in sent.items()]
    say(table(rows, [*CHANNEL, "sent", "of these failed"]))
    say("\nNever fired:\n")
    say(table([list(key) for key in sorted(never) if key[0] != "Watchdog"], NAME))
