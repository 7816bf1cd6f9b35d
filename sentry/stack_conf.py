"""Bugsink's own settings; its SECRET_KEY is read from its file, so that new processes of a running master have it."""

from pathlib import Path

from bugsink_conf import *  # noqa: F403 - Bugsink's settings, nothing else

SECRET_KEY = Path("/run/secrets/bugsink_secret_key").read_text(encoding="utf-8").strip()
