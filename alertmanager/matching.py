"""What a matcher of Alertmanager says about a set of labels, as Alertmanager reads it."""

import re
from collections.abc import Iterable, Mapping

FORM = re.compile(r'^([A-Za-z_][A-Za-z0-9_]*)(=~|!~|!=|=)"([^"\\]*)"$')


def parse(matcher: str) -> tuple[str, str, str]:
    """Label, operator, value; raises ValueError for what our own tables never hold."""
    found = FORM.match(matcher)
    if found is None:
        raise ValueError(f'{matcher!r} is no matcher; expected label="value", with =, !=, =~ or !~.')
    return found[1], found[2], found[3]


def matches(matcher: str, labels: Mapping[str, str]) -> bool:
    """A label that isn't there is an empty one; expressions match the whole value."""
    label, operator, wanted = parse(matcher)
    value = labels.get(label, "")
    same = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
    return same is not operator.startswith("!")


def match_all(matchers: Iterable[str], labels: Mapping[str, str]) -> bool:
    return all(matches(matcher, labels) for matcher in matchers)
