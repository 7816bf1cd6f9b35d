"""Takes secrets and personal data out of all that leaves the process as a log line or an error event."""

import math
import re
from collections.abc import Mapping, Sequence

FILTERED = "[filtered]"
MAX_DEPTH = 6
MAX_ITEMS = 50
MAX_TEXT = 2_000

SENSITIVE_WORDS = (
    "password passwd passphrase secret token api_key apikey access_key private_key authorization credential "
    "cookie session csrf card cvc cvv pin iban bic account_number email e_mail phone mobile birth ssn dsn"
)
SECRET_KEY = re.compile(
    r"(?:^|[_\-. ])(?:" + "|".join(SENSITIVE_WORDS.replace("_", "[_-]?").split()) + r")s?(?:$|[_\-. ])",
    re.IGNORECASE,
)
CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_KEYS = r"pass(?:word|wd|phrase)|secret|token|(?:api|access|private)[_-]?key|authorization|cookie|csrf\w{0,20}"
_SCHEMES = r"bearer|token|basic"
# Within a repr quotes are escaped, once for each level; a text that was cut lacks the closing one.
_ESCAPES = r"\\{0,15}"
_QUOTED = rf"{_ESCAPES}(?:\"[^\"]*(?:\"|$)|'[^']*(?:'|$))"
_VALUE = rf"(?:{_QUOTED}|(?:(?:{_SCHEMES})\s+)?(?:{_QUOTED}|[^\s,;&'\"()\[\]{{}}]+))"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@ in a URL
    (re.compile(r"(?<=://)[^/\s:@'\"]*:[^/\s@'\"]+(?=@)"), FILTERED),
    # the same, cut before its @: what follows the colon is no port
    (re.compile(r"(?<=://)[^/\s:@'\"\[]*:\d*[a-z_][^/\s@'\"]*(?!@)", re.IGNORECASE), FILTERED),
    # the query of a URL or path
    (re.compile(r"\?[\w.~%\[\]-]+=[^\s'\"<>]*"), f"?{FILTERED}"),
    # password=abc, "token": "abc", api_key => 'abc', Authorization: Token abc
    (re.compile(rf"((?:{_KEYS}){_ESCAPES}['\"]?\s*(?:=>|[=:])\s*){_VALUE}", re.IGNORECASE), rf"\1{FILTERED}"),
    # Bearer abc1, where it stands alone; the value must look like one, for "token bucket" is none
    (re.compile(rf"\b({_SCHEMES})\s+(?=[a-z.~+/_-]*\d)[\w.~+/-]{{6,}}=*", re.IGNORECASE), rf"\1 {FILTERED}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), FILTERED),
    # Looking back for a beginning keeps the search linear in a long word.
    (re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), FILTERED),
)
_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]){11,30}\b")


def is_secret_key(name: str) -> bool:
    return bool(SECRET_KEY.search(CAMEL_CASE.sub("_", name)))


def scrub_text(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = _DIGITS.sub(lambda found: FILTERED if _is_card(found[0]) else found[0], text)
    return _IBAN.sub(lambda found: FILTERED if _is_iban(found[0]) else found[0], text)


def scrub_value(value: object, depth: int = MAX_DEPTH) -> object:
    """A copy of `value` that is safe to write as JSON: scrubbed, plain, and not too large."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return clean(value, MAX_TEXT)
    if depth and isinstance(value, Mapping):
        items = list(value.items())[:MAX_ITEMS]
        return {
            clean(str(key), 100): FILTERED if is_secret_key(str(key)) else scrub_value(item, depth - 1)
            for key, item in items
        }
    if depth and isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [scrub_value(item, depth - 1) for item in list(value)[:MAX_ITEMS]]
    return clean(_text_of(value), MAX_TEXT)


def clean(text: str, limit: int) -> str:
    """Scrubbed and capped; capped before as well, because scrubbing a very long text takes long."""
    return cap(scrub_text(cap(text, 2 * limit)), limit)


def cap(text: str, limit: int) -> str:
    """`text` with its middle left out when it is longer than `limit`."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters left out ...] {text[-half:]}"


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # a broken __str__ must not cost the log line
        return f"<{type(value).__name__} that can't be shown: {type(error).__name__}>"


def _is_card(found: str) -> bool:
    digits = [int(digit) for digit in found if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(found: str) -> bool:
    compact = found.replace(" ", "")
    as_digits = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    return int(as_digits) % 97 == 1
