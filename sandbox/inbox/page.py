"""The page for people: each notification with channel, time, state, severity and links."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from sandbox.inbox.store import CHANNELS, Notification, Store
from sandbox.inbox.summary import summarize

SHOWN = 100
REFRESH_SECONDS = 5
MAX_TEXT = 2_000
MAX_SOURCE = 8_000
LABELS = {"slack": "Slack", "pagerduty": "PagerDuty", "webhook": "Webhook", "heartbeat": "Heartbeat"}
KNOWN_CLASSES = frozenset({"critical", "error", "warning", "info", "firing", "resolved", "acknowledged"})

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def render_page(store: Store, *, channel: str | None, refresh: bool, now: datetime) -> bytes:
    shown = [kept for kept in store.kept(channel) if channel or kept.channel != "heartbeat"]
    cards = "".join(_card(notification, now) for notification in reversed(shown[-SHOWN:]))
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">' if refresh else ""}
<title>Notification inbox</title><style>{STYLE}</style></head>
<body><header><h1>Notification inbox</h1>
<p>The notifications that the alert channels would have delivered. {_heartbeat(store)}</p>
<nav>{_tabs(store, channel, refresh)}</nav></header>
<main>{cards or '<p class="empty">Nothing has arrived here yet.</p>'}</main>
<footer>{_footer(store, len(shown), channel, refresh, now)}</footer></body></html>
"""
    # A received text may have lone surrogates, which UTF-8 can't encode.
    return page.encode("utf-8", errors="replace")


def _heartbeat(store: Store) -> str:
    age = _age(store.heartbeat_age())
    if store.channels["heartbeat"].stored:
        return f"Last heartbeat <strong>{age} ago</strong>."
    return f"No heartbeat in the {age} since the start."


def _tabs(store: Store, current: str | None, refresh: bool) -> str:
    tabs = []
    for name in (None, *CHANNELS):
        count = len(store.channels[name].stored) if name else None
        label = f"{LABELS[name]} <small>{count}</small>" if name else "All"
        marked = ' aria-current="page"' if name == current else ""
        tabs.append(f'<a href="{_address(name, refresh)}"{marked}>{label}</a>')
    return "".join(tabs)


def _footer(store: Store, count: int, channel: str | None, refresh: bool, now: datetime) -> str:
    dropped = sum(store.dropped().values())
    kept = f"{min(count, SHOWN)} of {count} shown, {dropped} older ones dropped; as of {now:%H:%M:%S} UTC"
    switch = "Stop refreshing" if refresh else f"Refresh every {REFRESH_SECONDS} s"
    return f'{kept} · <a href="{_address(channel, not refresh)}">{switch}</a> · ' + (
        '<a href="/api/notifications">JSON</a>'
    )


def _address(channel: str | None, refresh: bool) -> str:
    query = {**({"channel": channel} if channel else {}), **({} if refresh else {"refresh": "0"})}
    return escape(f"/?{urlencode(query)}" if query else "/")


def _card(notification: Notification, now: datetime) -> str:
    body = json.loads(notification.body)
    summary = summarize(notification.channel, body)
    received = datetime.fromtimestamp(notification.received_at, UTC)
    tags = "".join(_tag(word) for word in (summary.state, summary.severity) if word)
    links = "".join(
        f'<a href="{escape(url)}" rel="noopener noreferrer">{escape(label[:200])}</a>' for label, url in summary.links
    )
    source = json.dumps(body, indent=1, ensure_ascii=False)
    return f"""<article class="{_class(summary.state)}"><div class="line">
<span class="channel">{LABELS[notification.channel]}</span>{tags}
<time datetime="{received:%Y-%m-%dT%H:%M:%SZ}">{received:%Y-%m-%d %H:%M:%S} UTC
<small>{_age((now - received).total_seconds())} ago</small></time></div>
<h2>{escape(_shortened(summary.title, MAX_TEXT)) or "Without a title"}</h2>
<p class="text">{escape(_shortened(summary.text, MAX_TEXT))}</p>
<p class="links">{links}</p>
<details><summary>Message {notification.id} as received</summary>
<pre>{escape(_shortened(source, MAX_SOURCE))}</pre></details></article>
"""


def _tag(word: str) -> str:
    return f'<span class="tag {_class(word)}">{escape(_shortened(word, 40))}</span>'


def _class(word: str) -> str:
    """Only known words become class names."""
    return word if word in KNOWN_CLASSES else "plain"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]} … (shortened)"


def _age(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
