"""Keeps an event far below the size that a tracker refuses, and says in the tag `left_out` what it lacks.

Before it is scrubbed only whole parts are left out, never a piece of a text: that could be a piece of a secret which
nothing shows to be one any more.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from django_instrumentation import scrub

MAX_BYTES = 200_000
"""Bugsink refuses an event of more than 1 MiB."""
MAX_JUDGED = 2 * MAX_BYTES
"""So many characters of an event are scrubbed, which takes about 0.1 s of a request's thread."""
MAX_FRAMES = 100
MAX_EXCEPTIONS = 20
MAX_BREADCRUMBS = 50
MAX_SPANS = 500
TAG = "left_out"
MAX_TAG = 200
FEW = 10
SHORT_TEXT = 300
KEPT = {
    *("event_id", "timestamp", "platform", "level", "type", "release", "environment", "server_name", "logger", "sdk"),
    *("exception", "logentry", "message", "breadcrumbs", "contexts", "tags", "user", "transaction", "fingerprint"),
}
"""What an event needs most; the rest goes when it is too large."""


def values_of(event: Any, part: str) -> list[Any]:
    """The items of a part; Sentry's protocol knows it with and without a mapping around it."""
    found = event.get(part) or []
    return found.get("values") or [] if isinstance(found, dict) else found


def stacks_of(event: Any) -> Iterator[Any]:
    for value in (*values_of(event, "exception"), *values_of(event, "threads"), event):
        if value.get("stacktrace"):
            yield value["stacktrace"]


def frames_of(event: Any) -> Iterator[Any]:
    for stack in stacks_of(event):
        yield from stack.get("frames") or ()


def cut_lists(
    event: Any, frames: int = MAX_FRAMES, exceptions: int = MAX_EXCEPTIONS, breadcrumbs: int = MAX_BREADCRUMBS
) -> Counter[str]:
    """Leave out the middle of what is too long; the number of items that are gone, by kind."""
    gone: Counter[str] = Counter()
    for part, limit in (("exception", exceptions), ("threads", exceptions), ("breadcrumbs", breadcrumbs)):
        holder, name = (event[part], "values") if isinstance(event.get(part), dict) else (event, part)
        gone[f"{part.rstrip('s')}s"] += _cut(holder, name, limit)
    for stack in stacks_of(event):
        gone["frames"] += _cut(stack, "frames", frames)
    gone["spans"] += _cut(event, "spans", MAX_SPANS)
    return gone


def lighten(event: Any, gone: Counter[str]) -> None:
    """Leave out whole parts, what matters least first, until there isn't too much to scrub; adds them to `gone`."""
    for step in _steps(event):
        if _judged(event) <= MAX_JUDGED:
            break
        gone += step()


def fit(event: Any, gone: Counter[str]) -> None:
    """Leave out more and more, what matters least first, until the event is small enough. It has to be scrubbed."""
    steps: tuple[Callable[[], Counter[str]], ...] = (*_steps(event), lambda: _shorten(event))
    for step in steps:
        if _size(event) <= MAX_BYTES:
            break
        gone += step()
    if said := ", ".join(f"{number} {name}" for name, number in gone.items() if number):
        event.setdefault("tags", {})[TAG] = said[:MAX_TAG]


def _steps(event: Any) -> tuple[Callable[[], Counter[str]], ...]:
    return (
        lambda: _drop_from_frames(event, FEW, "vars"),
        lambda: _drop_from_frames(event, FEW, "pre_context", "post_context"),
        lambda: _drop_from_frames(event, 3, "vars"),
        lambda: _drop_from_frames(event, 1, "vars"),
        lambda: _drop_from_frames(event, 0, "pre_context", "post_context"),
        lambda: _drop_from_frames(event, 0, "vars"),
        lambda: cut_lists(event, breadcrumbs=FEW),
        lambda: _drop(event, *(event.keys() - KEPT)),
        lambda: _drop_contexts(event),
        lambda: cut_lists(event, frames=2 * FEW, exceptions=2, breadcrumbs=2),
    )


def _judged(value: Any) -> int:
    """How many characters of it scrub.py looks at."""
    if isinstance(value, str):
        return min(len(value), scrub.MAX_SCRUBBED)
    if isinstance(value, Mapping):
        return sum(map(_judged, islice(value.values(), scrub.MAX_ITEMS)))
    return sum(map(_judged, value)) if isinstance(value, list) else 0


def _size(event: Any) -> int:
    return len(json.dumps(event, default=str))


def _drop_from_frames(event: Any, kept: int, *names: str) -> Counter[str]:
    """From all but the innermost frames of each stack."""
    stacks = [stack.get("frames") or [] for stack in stacks_of(event)]
    outer = (frame for frames in stacks for frame in frames[: len(frames) - kept if len(frames) > kept else 0])
    return Counter(name for frame in outer for name in names if frame.pop(name, None))


def _drop(event: Any, *names: str) -> Counter[str]:
    return Counter(name for name in names if event.pop(name, None))


def _drop_contexts(event: Any) -> Counter[str]:
    contexts = event.get("contexts") or {}
    gone = _drop(contexts, *(contexts.keys() - {"trace"}))
    return Counter(contexts=gone.total())


def _shorten(event: Any) -> Counter[str]:
    """Cap each text, wherever it is."""
    gone: Counter[str] = Counter()

    def shortened(value: Any) -> Any:
        if isinstance(value, str):
            gone["texts"] += len(value) > SHORT_TEXT
            return scrub.cap(value, SHORT_TEXT)
        if isinstance(value, dict):
            return {name: shortened(item) for name, item in value.items()}
        if isinstance(value, list):
            return [shortened(item) for item in value]
        return value

    event.update(shortened(event))
    return gone


def _cut(holder: Any, name: str, limit: int) -> int:
    items = holder.get(name)
    if not isinstance(items, list) or len(items) <= limit:
        return 0
    holder[name] = items[: limit // 2] + items[-(limit // 2) :]
    return len(items) - len(holder[name])
