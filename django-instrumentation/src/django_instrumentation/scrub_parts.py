"""What the rules of scrub_rules.py and scrub_commands.py are made of."""

import re
from dataclasses import dataclass
from functools import cached_property

FILTERED = "[filtered]"
KEPT = rf"\1{FILTERED}"
"""What the first group found, and no more."""


@dataclass(frozen=True)
class Rule:
    marks: tuple[str, ...]
    """Without one of them in the text, in small letters, the pattern can't match."""
    expression: str
    replacement: str = FILTERED

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when a text needs it: all of them would keep each short command waiting for 100 ms."""
        return re.compile(self.expression, re.IGNORECASE | re.DOTALL)


def rule(marks: str, expression: str, replacement: str = FILTERED) -> Rule:
    return Rule(tuple(marks.split("|")), expression, replacement)


def quoted(name: str) -> str:
    """Up to the quote that is escaped as the first one is; a text that was cut lacks it."""
    escapes, quote = f"(?P<{name}e>\\\\{{0,15}})", f"(?P<{name}q>[\"'])"
    end = f"(?P={name}e)(?P={name}q)"
    inner = rf"{end}{end}|[^\"'\\]++|\\++(?![\"'])|(?!{end})\\*+[\"']"
    return rf"(?:[bru]{{1,2}})?(?:{escapes}{quote}(?:{inner})*+(?:{end}|\Z))"
