"""Finds Chromium, in which the tests open pages; on Debian as root it installs it."""

import shutil

from ops import debian_packages

NAMES = ("chromium", "chromium-browser", "google-chrome")
FONT = "fonts-dejavu-core"  # for the letters that the page brings no font for


def ensure() -> str:
    """The browser's path."""
    if found := _found():
        return found
    debian_packages.install("chromium", FONT, why="the tests open pages in it")
    return _found() or NAMES[0]


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)
