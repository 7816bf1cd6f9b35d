"""The steps of the take-home package's README, as its fenced blocks have them."""

import re
import textwrap

from ops.paths import ROOT

PACKAGE = ROOT / "django-o11y"
BLOCK = re.compile(r"^( *)```(\w+) (\S+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, str]:
    """The README's fenced blocks by the name behind their language."""
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    return {name: textwrap.dedent(body) for _, _, name, body in BLOCK.findall(text)}
