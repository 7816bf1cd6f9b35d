"""`make bench BENCH=tracing`: runs one of the benches, the modules of this folder that measure."""

import sys
from pathlib import Path
from runpy import run_module

from ops.console import say

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The modules that begin with their target, and the packages."""
    modules = [path.stem for path in FOLDER.glob("*.py") if path.read_text(encoding="utf-8").startswith('"""`make')]
    packages = [path.parent.name for path in FOLDER.glob("*/__main__.py")]
    return sorted({*modules, *packages} - {"__main__"})


def main() -> None:
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in names():
        say(f"BENCH={name}: there is no such bench. Expected one of {', '.join(names())}.")
        sys.exit(2)
    run_module(f"tests.bench.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
