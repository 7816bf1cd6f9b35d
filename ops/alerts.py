"""`make silence`, `make alerts` and `make alert-review`: what Prometheus and Alertmanager say of alerts."""

from __future__ import annotations

import getpass
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.console import OpsError, say, table
from ops.settings import Settings

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST_SILENCE = timedelta(days=30)
REVIEW_DAYS = 30
REVIEW_STEP_SECONDS = 15
SEVERITIES = ("critical", "warning", "info", "none")
STATES = ("firing", "pending", "silenced", "inhibited", "muted")
COMMENT = "make silence"
ALWAYS_FIRING = "Watchdog"


@dataclass(frozen=True)
class Alert:
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    since: datetime

    @property
    def order(self) -> tuple[int, int, str, str]:
        severity = self.labels.get("severity", "")
        rank = SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
        return rank, STATES.index(self.state), self.labels.get("alertname", ""), self.labels.get("service", "")


class Api:
    """One program's HTTP API on its published port."""

    def __init__(self, name: str, settings: Settings, variable: str, prefix: str) -> None:
        self.name = name
        self.base = f"http://{settings.host}:{settings[variable]}"
        self.prefix = prefix

    def call(self, path: str, body: object = None, method: str | None = None, **parameters: str) -> Any:
        """The answer as JSON; OpsError when nobody answers or the answer is a refusal."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self.base}{self.prefix}{path}{query}"
        request = urllib.request.Request(url, data=data, method=method, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                text = answer.read().decode()
                return json.loads(text) if text.strip() else None
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace").strip()[:300]
            raise OpsError(f"{self.name} refused {path}: {error.code} {said}.") from None
        except (OSError, ValueError) as error:
            raise OpsError(
                f"{self.name} doesn't answer at {self.base} ({error}); expected the running stack. Run `make up`."
            ) from None


class Apis:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.prometheus = Api("Prometheus", settings, "PROMETHEUS_PORT", "/api/v1")
        self.alertmanager = Api("Alertmanager", settings, "ALERTMANAGER_PORT", "/api/v2")

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        rows = self.prometheus.call("/query", query=expression)["data"]["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows]

    def rules(self) -> list[dict[str, Any]]:
        groups = self.prometheus.call("/rules", type="alert")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def services(self) -> set[str]:
        """Whatever an alert can have as its `service`: fixed in a rule, taken from a job, or a label of its own."""
        found = {rule["labels"].get("service", "") for rule in self.rules()}
        for label in ("service", "job"):
            found |= set(self.prometheus.call(f"/label/{label}/values")["data"])
        return {name for name in found if name and "{{" not in name}


def duration(text: str) -> timedelta:
    """`90s`, `30m`, `1h30m`, `2d`; OpsError for anything else."""
    parts = re.findall(r"(\d+)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise OpsError(
            f"FOR={text!r} is no duration; expected a number with s, m, h or d, such as FOR=30m or FOR=1h30m."
        )
    seconds = sum(int(number) * UNITS[unit] for number, unit in parts)
    if not 0 < seconds <= LONGEST_SILENCE.total_seconds():
        raise OpsError(
            f"FOR={text!r} can't be silenced for; expected more than nothing and at most {LONGEST_SILENCE.days}d. "
            "What should be silent for ever is a rule to change."
        )
    return timedelta(seconds=seconds)


def silence(settings: Settings, service: str, length: str) -> None:
    """Mute every alert of `service` but the Watchdog, whose silence would look like the end of the monitoring."""
    apis = Apis(settings)
    lasts = duration(length)
    known = apis.services()
    if service not in known:
        raise OpsError(f"SERVICE={service!r} has no alerts; expected one of {', '.join(sorted(known))}.")
    matchers = [
        {"name": "service", "value": service, "isRegex": False, "isEqual": True},
        {"name": "alertname", "value": ALWAYS_FIRING, "isRegex": False, "isEqual": False},
    ]
    made, end = mute(apis, matchers, lasts, f"{COMMENT} SERVICE={service} FOR={length}")
    page = f"{settings['BASE_URL_ALERTMANAGER'].rstrip('/')}/#/silences/{made}"
    say(f"Silent: {service}, until {_clock(end)} (silence {made}).\nEnd it sooner at {page}")


def mute(apis: Apis, matchers: list[dict[str, object]], lasts: timedelta, comment: str) -> tuple[str, datetime]:
    """A silence from now on; its id and its end."""
    now = datetime.now(UTC)
    body = {
        "matchers": matchers,
        "startsAt": now.isoformat(),
        "endsAt": (now + lasts).isoformat(),
        "createdBy": _user(),
        "comment": comment,
    }
    return apis.alertmanager.call("/silences", body)["silenceID"], now + lasts


def alerts(settings: Settings) -> None:
    """Print every alert that there is now, the worst first."""
    apis = Apis(settings)
    found = sorted(_current(apis), key=lambda alert: alert.order)
    base = settings["BASE_URL_GRAFANA"].rstrip("/")
    rows = [
        [
            alert.labels.get("severity", ""),
            alert.state,
            alert.labels.get("alertname", ""),
            alert.labels.get("service", ""),
            f"{_clock(alert.since)} ({_age(alert.since)})",
            alert.annotations.get("summary", ""),
            base + alert.annotations["dashboard_url"] if "dashboard_url" in alert.annotations else "",
        ]
        for alert in found
    ]
    say(table(rows, ["severity", "state", "alert", "service", "since", "what", "board"]))
    counts = [f"{sum(alert.state == state for alert in found)} {state}" for state in STATES]
    say(f"\n{', '.join(counts)}.")


def _current(apis: Apis) -> list[Alert]:
    """Alertmanager's alerts, and those of Prometheus that it hasn't been told of."""
    held = apis.alertmanager.call("/alerts")
    found = [
        Alert(each["labels"], each["annotations"], _state(each["status"]), _time(each["startsAt"])) for each in held
    ]
    for each in apis.prometheus.call("/alerts")["data"]["alerts"]:
        told = any(each["labels"].items() <= alert.labels.items() for alert in found)  # env is added on the way
        if not told:
            found.append(Alert(each["labels"], each["annotations"], each["state"], _time(each["activeAt"])))
    return found


def _state(status: Mapping[str, Any]) -> str:
    if status["state"] != "suppressed":
        return "firing"
    if status["silencedBy"]:
        return "silenced"
    return "inhibited" if status["inhibitedBy"] else "muted"


def review(settings: Settings) -> None:
    """Print how often each alert fired in the last 30 days, the noisy ones first, then those that never did."""
    apis = Apis(settings)
    window, step = f"{REVIEW_DAYS}d", f"{REVIEW_STEP_SECONDS}s"
    firing = f'ALERTS{{alertstate="firing",alertname!="{ALWAYS_FIRING}"}}'
    by = "sum by (alertname, severity, team)"
    begun = _by_alert(apis.query(f"{by} (count_over_time(({firing} unless {firing} offset {step})[{window}:{step}]))"))
    lasted = _by_alert(apis.query(f"{by} (count_over_time({firing}[{window}:{step}]))"))
    rows = [
        [*key, f"{count:.0f}", _span(lasted.get(key, 0) * REVIEW_STEP_SECONDS)]
        for key, count in sorted(begun.items(), key=lambda item: (-item[1], item[0]))
    ]
    say(f"The last {REVIEW_DAYS} days, {_reach(apis)}. Each time that an alert began to fire is a notification, unless")
    say("it was silenced, inhibited or joined a group; its end is another.\n")
    say(table(rows, ["alert", "severity", "team", "fired", "for"]) if rows else "No alert has fired.")
    say("\nSent by Alertmanager, by receiver and channel:\n")
    say(_deliveries(apis, window))
    never = sorted(
        {
            (rule["name"], rule["labels"].get("severity", ""), rule["labels"].get("team", ""))
            for rule in apis.rules()
            if rule["name"] != ALWAYS_FIRING
        }
        - begun.keys()
    )
    say(f"\nNever fired ({len(never)}):\n")
    say(table([list(key) for key in never], ["alert", "severity", "team"]))


def _by_alert(rows: list[tuple[dict[str, str], float]]) -> dict[tuple[str, str, str], float]:
    return {(m.get("alertname", ""), m.get("severity", ""), m.get("team", "")): value for m, value in rows}


def _deliveries(apis: Apis, window: str) -> str:
    def counted(metric: str) -> dict[tuple[str, str], float]:
        rows = apis.query(f"sum by (receiver_name, integration) (increase({metric}[{window}]))")
        return {(m.get("receiver_name", ""), m.get("integration", "")): value for m, value in rows}

    sent = counted("alertmanager_notifications_total")
    failed = counted("alertmanager_notifications_failed_total")
    rows = [[*key, f"{count:.0f}", f"{failed.get(key, 0):.0f}"] for key, count in sorted(sent.items())]
    return table(rows, ["receiver", "channel", "notifications", "of which failed"])


def _reach(apis: Apis) -> str:
    """How much of the window Prometheus still knows."""
    oldest = apis.query("min(prometheus_tsdb_lowest_timestamp_seconds)")
    seconds = datetime.now(UTC).timestamp() - oldest[0][1] if oldest else 0.0
    return "all known" if seconds >= REVIEW_DAYS * UNITS["d"] else f"of which Prometheus knows {_span(seconds)}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return "make"


def _time(text: str) -> datetime:
    """RFC 3339 with up to nine digits of a second, of which Python reads six."""
    return datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", text).replace("Z", "+00:00")).astimezone(UTC)


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _age(since: datetime) -> str:
    return _span(max(0.0, (datetime.now(UTC) - since).total_seconds()))


def _span(seconds: float) -> str:
    """The two largest units: 45s, 12m 5s, 3h 20m, 2d 4h."""
    left = int(seconds)
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        number, left = divmod(left, UNITS[unit])
        if number or parts:
            parts.append(f"{number}{unit}")
    return " ".join(parts[:2]) or "0s"
