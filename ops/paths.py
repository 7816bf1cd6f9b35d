"""Where things lie in a checkout: the one place for its folders' names."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
LOGS = LOCAL / "logs"
IMAGES = ROOT / "images"
DECISION = LOCAL / "image-source"
