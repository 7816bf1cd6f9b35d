"""`python -m alertmanager.reference PAGE`: who gets which alert, and which one mutes another, from rules and routes."""

import sys
from pathlib import Path
from typing import Any

import yaml

from alertmanager.inhibition import ROWS
from alertmanager.routes import CHANNELS_SHOWN, channels_of, routed

RULES = Path(__file__).resolve().parents[1] / "prometheus" / "rules"
HEAD = """\
# Alert routing

Made by `make reference` from `prometheus/rules`, `alertmanager/routes.py` and `alertmanager/inhibition.py`; a test
compares it with what `amtool config routes test` says.

"Channels" are those of the receiver where all are on. A channel without a secret is left out; warnings go to e-mail
where Slack is off; with no channel left, the alert is in `make alerts` and on Alertmanager's page only. Business hours
are Monday to Friday, 08:00 to 18:00 in `BUSINESS_TIMEZONE`: what fires outside them is told when they begin, if it
still fires then. No critical alert is bound to a time.

## Who is told

| Alert | Severity | Team | Receiver | Channels | When |
|---|---|---|---|---|---|
"""
MIDDLE = """
## What mutes what

A muted alert stays in `make alerts` as "inhibited". A row holds for alerts with the same values of the labels in the
third column.

| While this fires | these tell nobody | Same | Reason |
|---|---|---|---|
"""


def alerts(rules: Path = RULES) -> list[dict[str, str]]:
    """The fixed labels of every alert of the rules with its name, each combination once."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(rules.glob("*.yml"))]
    found: list[dict[str, Any]] = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    told = {
        (rule["alert"], rule["labels"].get("severity", ""), rule["labels"].get("team", ""))
        for rule in found
        if "alert" in rule
    }
    return [{"alertname": name, "severity": severity, "team": team} for name, severity, team in sorted(told)]


def page(rules: Path = RULES) -> str:
    rows = []
    for labels in alerts(rules):
        route = routed(labels)
        receiver = str(route["receiver"])
        shown = ", ".join(CHANNELS_SHOWN[each] for each in channels_of(receiver, set(CHANNELS_SHOWN))) or "—"
        hours = "business hours" if "active_time_intervals" in route else "always"
        name = labels["alertname"]
        link = f"[{name}](../runbooks/{name}.md)"
        rows.append(f"| {link} | {labels['severity']} | {labels['team']} | {receiver} | {shown} | {hours} |\n")
    mutes = [
        f"| {_code(row.source)} | {_code(row.target)} | {', '.join(row.equal) or '—'} | {row.reason} |\n"
        for row in ROWS
    ]
    return HEAD + "".join(rows) + MIDDLE + "".join(mutes)


def _code(matchers: tuple[str, ...]) -> str:
    return ", ".join(f"`{matcher}`" for matcher in matchers).replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
