"""What the rules of scrub_rules.py, scrub_commands.py and scrub_protocols.py are made of."""

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
    return rf"(?:[bru]{{1,2}}|[en]|u&)?(?:{escapes}{quote}(?:{inner})*+(?:{end}|\Z))"


LINE_END = r"(?:\r?\n|\\{1,15}r\\{1,15}n)"
BLANK = r"[^\S\n]{1,3}"
QUOTE = r"\\{0,15}['\"]?"
GAP = rf"\\{{0,15}}(?:['\"]?,?{BLANK}|['\"],(?=\\{{0,15}}['\"]))"
"""What ends a word and goes before the next one; a quote that begins the next word belongs to it."""
WORD = rf"(?:{quoted('w')}|{re.escape(FILTERED)}|[^\s'\"]{{1,200}})"
ARGUMENT = r"(?:\\{0,15}(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}')|[^\s'\"]{1,200})"
"""A word before the secret; unlike WORD it may stand more than once in a pattern."""
_SAID = (
    "is|isn't|was|are|has|had|for|from|of|to|and|or|not|no|none|with|without|in|on|at|by|the|a|an|as|if|it|all|any|via|"
    "using|failed|fail|fails|failure|error|errors|skip|required|requires|needed|missing|denied|refused|rejected|ok|"
    "succeeded|success|successful|expired|changed|reset|page|form|view|button|command|commands|flow|prompt|attempt|"
    "support|plain|login|external|anonymous|gssapi|ntlm|xoauth2|oauthbearer|cram-md5|digest-md5|scram-[\\w-]{1,20}"
)
SENTENCE = rf"(?!{QUOTE}(?:(?:{_SAID})(?![\w-])|[<({{%]))"
"""No word of a sentence about the name or command before it."""
_NO_SEPARATOR = r"[^\s,;'\"()<>\[\]{}]"
LIKE_ONE = (
    rf"(?![\w.-]{{1,40}}=|[a-z]{{1,10}}://)"
    rf"(?={_NO_SEPARATOR}{{6}})(?={_NO_SEPARATOR}{{0,40}}\d)(?={_NO_SEPARATOR}{{0,40}}[a-z])"
)
"""Before a value that no name or sign marks as one: it looks like a secret."""
