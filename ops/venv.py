"""Makes the tests' virtual environment, and makes it anew when its lock file changes."""

import hashlib
import importlib.util
import shutil
import sys

from ops import debian_packages
from ops.console import OpsError, run_logged, step
from ops.paths import LOGS, ROOT

FOLDER = ROOT / ".venv"
LOCK = ROOT / "requirements" / "test.txt"
MINIMUM = (3, 11)


def ensure() -> None:
    """Have it there with exactly what requirements/test.txt locks."""
    if sys.version_info < MINIMUM:
        raise OpsError(
            f"Python is too old: found {sys.version.split()[0]}, expected {'.'.join(map(str, MINIMUM))} or newer. "
            "Install it, or name it: `make test PYTHON=python3.13`."
        )
    stamp = FOLDER / ".lock-digest"
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != digest:
        with step("Making the tests' virtual environment"):
            _make()
        stamp.write_text(digest, encoding="utf-8")


def _make() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        debian_packages.install("python3-venv", why="Python's venv module has no ensurepip")
    shutil.rmtree(FOLDER, ignore_errors=True)
    run_logged([sys.executable, "-m", "venv", str(FOLDER)], log=LOGS / "venv.log", title="python -m venv")
    # pip finds the machine's own index settings by itself.
    pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "--no-deps", "-r", str(LOCK)]
    run_logged(pip, log=LOGS / "pip.log", title="pip install")
