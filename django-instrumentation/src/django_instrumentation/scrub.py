"""Takes secrets and personal data out of all that leaves the process as a log line, an error event or a span."""

import logging
import math
import re
from collections.abc import Mapping, Sequence, Sized
from functools import lru_cache
from itertools import islice

from django_instrumentation import scrub_rules
from django_instrumentation.scrub_parts import FILTERED

MAX_DEPTH = 6
MAX_ITEMS = 50
MAX_TEXT = 2_000
MAX_SCRUBBED = 50_000
"""So much of a text is judged; of a longer one the middle is left out first."""
BETWEEN_WORDS = "\x1f"
"""A blank for the patterns, which no command has."""
_CARD_SHAPES = ((4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4))


def _rules_by_mark() -> list[tuple[str, list[int]]]:
    """Each mark once: most lines have hardly any, and cost no more than the search for them."""
    found: dict[str, list[int]] = {}
    for number, rule in enumerate(scrub_rules.RULES):
        for mark in rule.marks:
            found.setdefault(mark, []).append(number)
    return list(found.items())


_MARKS = _rules_by_mark()


@lru_cache(maxsize=1024)
def is_secret_key(name: str) -> bool:
    return bool(scrub_rules.SECRET_KEY.search(scrub_rules.CAMEL_CASE.sub("_", name[:200])))


def scrub_text(text: str) -> str:
    lowered = text.lower()
    found = {number for mark, numbers in _MARKS if mark in lowered for number in numbers}
    for number in sorted(found):
        rule = scrub_rules.RULES[number]
        text = rule.pattern.sub(rule.replacement, text)
    text = scrub_rules.CARD.sub(_without_card, text)
    return scrub_rules.IBAN.sub(_without_iban, text)


def scrub_value(value: object, depth: int = MAX_DEPTH) -> object:
    """A copy of `value` that is safe to write as JSON: scrubbed, plain, and not too large."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return FILTERED if value > 10**12 and _is_card(str(value)) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return clean(value, MAX_TEXT)
    if depth and isinstance(value, Mapping):
        return _scrub_mapping(value, depth - 1)
    if depth and isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        found = _scrub_items(list(islice(value, MAX_ITEMS)), depth - 1)
        return [*found, _left_out(value)] if len(value) > MAX_ITEMS else found
    return clean(_text_of(value), MAX_TEXT)


def _scrub_mapping(given: Mapping[object, object], depth: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, item in islice(given.items(), MAX_ITEMS):
        name = _text_of(key)
        found[clean(name, 100)] = FILTERED if is_secret_key(name) else scrub_value(item, depth)
    if "value" in found and is_secret_key(_name_of(given.get("name") or given.get("key"))):
        found["value"] = FILTERED
    if len(given) > MAX_ITEMS:
        found["..."] = _left_out(given)
    return found


def _left_out(given: Sized) -> str:
    return f"[... {len(given) - MAX_ITEMS} items left out ...]"


def _scrub_items(items: list[object], depth: int) -> list[object]:
    """The items may be the words of a command, or a pair of a key and its value, such as a header."""
    words = [item for item in items if isinstance(item, str)]
    if len(words) == len(items) > 1:
        command = scrub_text(BETWEEN_WORDS.join(cap(word, MAX_SCRUBBED // len(words)) for word in words)).split(
            BETWEEN_WORDS
        )
        # Where words have become one, all are one text.
        items = list(command) if len(command) == len(words) else [" ".join(command)]
    if len(items) == 2 and is_secret_key(_name_of(items[0])):
        return [scrub_value(items[0], depth), FILTERED]
    return [scrub_value(item, depth) for item in items]


def _name_of(value: object) -> str:
    """A text, or bytes, as which many servers have headers; also as a repr, as the SDK shows them in locals."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        return ""
    return text[1:].strip("'\"") if text.startswith(("b'", 'b"')) else text.strip("'\"")


def message_of(record: logging.LogRecord) -> str:
    """The message of a log call, without those arguments that have the name of a secret before their place."""
    if isinstance(record.msg, dict):
        return str(scrub_value(record.msg))
    try:
        template = str(record.msg)
        return _safe_template(template) % record.args if record.args else template
    except Exception as error:  # arguments that don't fit, or one that can't be shown
        return f"{_text_of(record.msg)} [arguments that don't fit: {type(error).__name__}]"


@lru_cache(maxsize=1024)
def _safe_template(template: str) -> str:
    """With `%.0s`, which takes an argument and shows nothing of it, where one has to be hidden."""
    lowered = template.lower()
    if len(template) > MAX_TEXT or not any(mark in lowered for mark in scrub_rules.FORMAT.marks):
        return template
    template = scrub_rules.FORMAT.pattern.sub(lambda found: f"{found[1]}%{found[2] or ''}.0s{FILTERED}", template)
    return scrub_rules.NAMED_FORMAT.sub(
        lambda found: f"%({found[1]}).0s{FILTERED}" if is_secret_key(found[1]) else found[0], template
    )


def clean(text: str, limit: int) -> str:
    """Scrubbed and capped; of a very long text the middle is left out before, because all of it would take long."""
    return cap(scrub_text(cap(text, max(2 * limit, MAX_SCRUBBED))), limit)


def cap(text: str, limit: int) -> str:
    """`text` with its middle left out when it is longer than `limit`; what is left ends and begins at a blank."""
    if len(text) <= limit:
        return text
    half = limit // 2
    head, tail = text[:half], text[-half:]
    # A piece of a word could be a piece of a secret, with nothing before it that says so.
    first_blank = min((place for blank in " \n" if (place := tail.find(blank)) >= 0), default=0)
    tail = tail[first_blank:].lstrip(" ") if first_blank < half // 2 else tail
    return f"{head} [... {len(text) - len(head) - len(tail)} characters left out ...] {tail}"


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # a broken __str__ must not cost the log line
        return f"<{type(value).__name__} that can't be shown: {type(error).__name__}>"


def _without_card(found: re.Match[str]) -> str:
    """The whole, or those of its groups of digits that have the shape of a card's number and its check digit."""
    text = found[0]
    if _is_card(text):
        return FILTERED
    parts = re.split(r"([ -])", text)
    groups = parts[::2]
    for first in range(len(groups)):
        if _is_card(groups[first]):
            parts[2 * first] = FILTERED
        for shape in _CARD_SHAPES:
            taken = groups[first : first + len(shape)]
            if tuple(map(len, taken)) == shape and _is_card("".join(taken)):
                parts[2 * first : 2 * (first + len(shape)) - 1] = [FILTERED]
                return "".join(parts)
    return "".join(parts)


def _is_card(found: str) -> bool:
    digits = [int(digit) for digit in found if digit.isdigit()]
    # No card begins with another digit, but many a time in microseconds with a 1.
    if not 13 <= len(digits) <= 19 or not 2 <= digits[0] <= 6:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _without_iban(found: re.Match[str]) -> str:
    """Capital words may follow it, so that its end is looked for."""
    text = found[0]
    ends = [len(text), *(place for place in range(len(text) - 1, 14, -1) if text[place] in " -")]
    for end in ends:
        if _is_iban(text[:end]):
            return f"{FILTERED}{text[end:]}"
    return text


def _is_iban(found: str) -> bool:
    compact = found.replace(" ", "").replace("-", "")
    as_digits = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    return 15 <= len(compact) <= 34 and int(as_digits) % 97 == 1
