"""Receivers and routes of applications that have channels of their own, put into the text of alertmanager.yml.

Such an application has a receiver in the place of each one that people get: with its own channels, and the default's
for a channel that it doesn't name.
"""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

INFO = "    - matchers: ['severity=\"info\"']\n      receiver: none\n"  # own routes come after it
TIERS = {"critical": "'severity=\"critical\"'", "business": "'team=\"business\"'", "warning": ""}
CHANNELS = {"slack": "slack_webhook_url", "pagerduty": "pagerduty_routing_key", "email": ""}
OFF = "# While Slack is off: "
Routing = dict[str, dict[str, Any]]


def load(path: Path) -> Routing:
    """By application what its file says, as ops/application_files.py has checked and written it."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def secret_names(routing: Routing) -> list[str]:
    """The files that the channels need, below secrets/applications."""
    return [
        f"{name}_{secret}"
        for name, own in routing.items()
        for channel, secret in CHANNELS.items()
        if secret and channel in own
    ]


def add(text: str, source: str, routing: Routing, on: Collection[str]) -> str:
    """`source` has every channel; `on` are the keys of those that the default has switched on."""
    if routing and text.count(INFO) != 1:
        raise ValueError("alertmanager.yml: expected one route of severity info, after which own routes are put.")
    routes = [_route(name, own, tier, source) for name, own in routing.items() for tier in TIERS]
    receivers = [_receiver(name, own, tier, source, on) for name, own in routing.items() for tier in TIERS]
    return text.replace(INFO, INFO + "".join(routes)).rstrip("\n") + "\n" + "".join(receivers)


def _route(name: str, own: dict[str, Any], tier: str, source: str) -> str:
    """With the times of the default's route."""
    matchers = [f"'application=\"{name}\"'"]
    matchers += [f"'env=\"{own['env']}\"'"] if "env" in own else []
    times = f"      receiver: {tier}\n"
    if TIERS[tier]:
        matchers.append(TIERS[tier])
        times = _found(rf"^    - matchers: \[{re.escape(TIERS[tier])}\]\n((?: {{6}}.*\n)+)", source)
    return f"    - matchers: [{', '.join(matchers)}]\n" + times.replace(f"receiver: {tier}", f"receiver: {name}-{tier}")


def _receiver(name: str, own: dict[str, Any], tier: str, source: str, on: Collection[str]) -> str:
    has_slack = "slack" in own or "slack_configs" in on
    text = f"  - name: {name}-{tier}\n"
    for line in _found(rf"^  - name: {tier}\n((?: {{4}}.*\n)+)", source).splitlines():
        if OFF in line and has_slack:
            continue
        key, aliases = line.replace(OFF, "").split(": ")
        channel = key.strip().removesuffix("_configs")
        if channel in own:
            text += f"{key}:\n{_channel(name, own, channel, source)}"
        elif key.strip() in on:
            text += f"{key}: {aliases}\n"
    return text


def _channel(name: str, own: dict[str, Any], channel: str, source: str) -> str:
    """The default's channel with another secret or address."""
    block = _found(rf"^      - &{channel}\n((?: {{8}}.*\n)+)", source)
    if channel == "email":
        block = re.sub(
            r"^        to: .*$", lambda _: f"        to: {json.dumps(own['email'])}", block, flags=re.MULTILINE
        )
    else:
        secret = CHANNELS[channel]
        block = block.replace(f"/run/secrets/{secret}", f"/run/secrets/applications/{name}_{secret}")
    return f"      - {block.removeprefix(' ' * 8)}"


def _found(pattern: str, source: str) -> str:
    found = re.search(pattern, source, re.MULTILINE)
    if found is None:
        raise ValueError(f"alertmanager.yml: expected a part of the form {pattern}; found none.")
    return found[1]
