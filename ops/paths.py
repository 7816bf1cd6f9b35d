"""Where things lie in a checkout: the one place for its folders' names."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
LOGS = LOCAL / "logs"
IMAGES = ROOT / "images"
SECRETS = Path(os.environ.get("SECRETS_DIR") or ROOT / "secrets")
DECISION = LOCAL / "image-source"
