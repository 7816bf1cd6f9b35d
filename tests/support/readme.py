"""What documents say to do, as their fenced blocks have it."""

import re
import textwrap
from pathlib import Path

from ops.paths import ROOT

PACKAGE = ROOT / "django-instrumentation"
APPLICATIONS = ROOT / "docs" / "applications.md"
BLOCK = re.compile(r"^( *)```(\w+) (\S+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(document: Path = PACKAGE / "README.md") -> dict[str, str]:
    """The document's fenced blocks by the name behind their language; the package's README has its steps."""
    text = document.read_text(encoding="utf-8")
    return {name: textwrap.dedent(body) for _, _, name, body in BLOCK.findall(text)}
