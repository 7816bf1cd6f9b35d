"""The page for people: what each notification says, newest first; its addresses are links."""

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from itertools import islice
from pathlib import Path

from sandbox.inbox.store import CHANNELS, Notification, Store

SHOWN = 100
REFRESH_SECONDS = 5
MAX_TEXT = 2_000
MAX_TEXTS = 200
LABELS = {
    "slack": "Slack",
    "pagerduty": "PagerDuty",
    "webhook": "Webhook",
    "heartbeat": "Heartbeat",
    "tracker": "Error tracker",
}
ADDRESS = re.compile(r"(https?://[^\s<>|\"']+)")
# The first of these words in a notification gives it its colour.
URGENCY = re.compile(r"\b(resolve|critical|warning)", re.IGNORECASE)

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def render_page(store: Store, *, channel: str | None, now: datetime) -> bytes:
    kept = [each for each in store.kept(channel) if channel or each.channel != "heartbeat"]
    shown = kept[-SHOWN:]
    cards = "".join(_card(notification, now) for notification in reversed(shown))
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{REFRESH_SECONDS}">
<title>Notification inbox</title><style>{STYLE}</style></head>
<body><h1>Notification inbox</h1>
<p>The notifications that the alert channels and the error tracker would have delivered. {_heartbeat(store)}</p>
<nav>{_tabs(store, channel)}</nav>
<main>{cards or "<p>Nothing has arrived here yet.</p>"}</main>
<footer>{len(shown)} of {len(kept)} shown, {sum(store.dropped().values())} older ones dropped;
as of {now:%H:%M:%S} UTC · <a href="api/notifications">JSON</a></footer></body></html>
"""
    # A received text may have lone surrogates, which UTF-8 can't encode.
    return page.encode("utf-8", errors="replace")


def _heartbeat(store: Store) -> str:
    age = _age(store.heartbeat_age())
    if store.channels["heartbeat"].stored:
        return f"Last heartbeat <strong>{age} ago</strong>."
    return f"No heartbeat in the {age} since the start."


def _tabs(store: Store, current: str | None) -> str:
    tabs = [(".", "All", current is None)]
    for name in CHANNELS:
        label = f"{LABELS[name]} <small>{len(store.channels[name].stored)}</small>"
        tabs.append((f"?channel={name}", label, current == name))
    return "".join(
        f'<a href="{address}"{" aria-current=page" if is_current else ""}>{label}</a>'
        for address, label, is_current in tabs
    )


def _card(notification: Notification, now: datetime) -> str:
    received = datetime.fromtimestamp(notification.received_at, UTC)
    texts = list(islice(_texts(notification.body), MAX_TEXTS))
    urgency = URGENCY.search("\n".join(text for _, text in texts))
    lines = "".join(f"<dt>{escape(name[:40])}</dt><dd>{_linked(_shortened(text))}</dd>" for name, text in texts)
    return f"""<article class="{urgency[1].lower() if urgency else "plain"}">
<h2>{LABELS[notification.channel]} <time>{received:%Y-%m-%d %H:%M:%S} UTC
<small>{_age((now - received).total_seconds())} ago</small></time></h2>
<dl>{lines}</dl></article>
"""


def _texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in it, with the name of the field that it is in."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, name)
    elif value not in ("", None):
        yield name, str(value)


def _linked(text: str) -> str:
    """Escaped, the http addresses in it as links."""
    parts = ADDRESS.split(text)
    return "".join(
        f'<a href="{escape(part)}" rel="noopener noreferrer">{escape(part)}</a>' if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} … (shortened)"


def _age(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
