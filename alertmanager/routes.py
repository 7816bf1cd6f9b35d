"""Reads alertmanager.yml: which receiver and channels an alert gets, and which alert mutes which."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TEXT = Path(__file__).with_name("alertmanager.yml").read_text(encoding="utf-8")
CONFIG: dict[str, Any] = yaml.safe_load(TEXT)
ROUTE: dict[str, Any] = CONFIG["route"]
CHANNELS = {
    "pagerduty_configs": "pagerduty",
    "slack_configs": "slack",
    "email_configs": "email",
    "webhook_configs": "heartbeat",
}
# Each receiver's channels when all are on.
RECEIVERS: dict[str, tuple[str, ...]] = {
    receiver["name"]: tuple(CHANNELS[key] for key in receiver if key in CHANNELS) for receiver in CONFIG["receivers"]
}
MATCHER = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)(=~|!~|!=|=)"([^"\\]*)"')


@dataclass(frozen=True)
class InhibitRule:
    """While an alert of `source` fires, no notification is sent for those of `target` with equal labels `equal`."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    equal: tuple[str, ...]
    reason: str


def _inhibit_rules() -> list[InhibitRule]:
    """The reason of each is the comment above it."""
    comments = re.findall(r"((?:^  # .*\n)+)  - source_matchers:", TEXT, re.MULTILINE)
    reasons = [" ".join(line.strip("# ") for line in comment.splitlines()) for comment in comments]
    return [
        InhibitRule(
            source=tuple(rule["source_matchers"]),
            target=tuple(rule["target_matchers"]),
            equal=tuple(rule.get("equal", ())),
            reason=reason,
        )
        for rule, reason in zip(CONFIG["inhibit_rules"], reasons, strict=True)
    ]


INHIBIT_RULES = _inhibit_rules()


def parse(matcher: str) -> tuple[str, str, str]:
    """Label, operator, value; raises ValueError for a form that Alertmanager knows and alertmanager.yml doesn't use."""
    found = MATCHER.fullmatch(matcher)
    if found is None:
        raise ValueError(f'{matcher!r} is no matcher; expected label="value", with =, !=, =~ or !~.')
    return found[1], found[2], found[3]


def match_all(matchers: Iterable[str], labels: Mapping[str, str]) -> bool:
    return all(matches(matcher, labels) for matcher in matchers)


def matches(matcher: str, labels: Mapping[str, str]) -> bool:
    """As Alertmanager does: an absent label is an empty one, and an expression matches the whole value."""
    label, operator, wanted = parse(matcher)
    value = labels.get(label, "")
    same = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
    return same is not operator.startswith("!")


def routed(labels: Mapping[str, str]) -> dict[str, Any]:
    """The route of an alert, with the root's values where it has none of its own."""
    found = [route for route in ROUTE["routes"] if match_all(route["matchers"], labels)]
    return {**ROUTE, **found[0]} if found else ROUTE
