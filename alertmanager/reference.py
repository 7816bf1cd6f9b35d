"""`python -m alertmanager.reference PAGE`: writes who gets which alert, and which alert inhibits another."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from alertmanager.routes import INHIBIT_RULES, RECEIVERS, routed

CHANNELS = {"pagerduty": "PagerDuty", "slack": "Slack", "email": "e-mail", "heartbeat": "heartbeat"}
ROOT = Path(__file__).resolve().parents[1]
RULES = (ROOT / "prometheus" / "rules", ROOT / "loki" / "rules")
HEAD = """\
# Alert routing

`make reference` makes this page from `prometheus/rules`, `loki/rules` and `alertmanager/alertmanager.yml`; a test
compares it with the answers of `amtool config routes test`.

The channels are those of the receiver when all are on. A channel whose secret file is empty is off. While Slack is off,
warnings go to e-mail. While a receiver has no channel, its alerts are only in `make alerts` and on Alertmanager's page.
Business hours are Monday to Friday, 08:00 to 18:00 in `BUSINESS_TIMEZONE`: an alert that fires at another hour is sent
when they begin, if it still fires, and one that was sent before and still fires is sent again. Nobody is sent the end
of one that ends at another hour; when it fires again, that is sent. Critical alerts are sent at any hour.

Alerts of an application that has channels of its own go to those by the same table
([applications/README.md](../../applications/README.md)).

## Who gets an alert

| Alert | Severity | Team | Receiver | Channels | When |
|---|---|---|---|---|---|
"""
MIDDLE = """
## Which alert inhibits another

An inhibited alert is in `make alerts`, and no notification is sent for it. The labels of the third column must have the
same values on both alerts.

| While this fires | these are inhibited | Equal labels | Reason |
|---|---|---|---|
"""


def alerts(folders: Iterable[Path] = RULES) -> list[dict[str, str]]:
    """The fixed labels of every alert of the rules with its name, each combination once."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*.yml"))]
    ours = [path for path in paths if path.parent.name != "own" and not path.name.startswith("own")]
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in ours]
    found: list[dict[str, Any]] = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    combinations = {
        (rule["alert"], rule["labels"].get("severity", ""), rule["labels"].get("team", ""))
        for rule in found
        if "alert" in rule
    }
    return [{"alertname": name, "severity": severity, "team": team} for name, severity, team in sorted(combinations)]


def page(folders: Iterable[Path] = RULES) -> str:
    rows = []
    for labels in alerts(folders):
        route = routed(labels)
        receiver = str(route["receiver"])
        shown = ", ".join(CHANNELS[each] for each in RECEIVERS[receiver]) or "—"
        hours = "business hours" if "active_time_intervals" in route else "always"
        name = labels["alertname"]
        link = f"[{name}](../runbooks/{name}.md)"
        rows.append(f"| {link} | {labels['severity']} | {labels['team']} | {receiver} | {shown} | {hours} |\n")
    inhibited = [
        f"| {_code(rule.source)} | {_code(rule.target)} | {', '.join(rule.equal) or '—'} | {rule.reason} |\n"
        for rule in INHIBIT_RULES
    ]
    return HEAD + "".join(rows) + MIDDLE + "".join(inhibited)


def _code(matchers: tuple[str, ...]) -> str:
    return ", ".join(f"`{matcher}`" for matcher in matchers).replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
