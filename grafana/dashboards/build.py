"""`make dashboards`: writes generated/<uid>.json for every module in pages/."""

import importlib
import pkgutil
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

FOLDER = Path(__file__).resolve().parent
GENERATED = FOLDER / "generated"


def boards() -> dict[str, str]:
    """Each board's JSON by its file name."""
    found = {}
    for module in pkgutil.iter_modules([str(FOLDER / "pages")]):
        board = importlib.import_module(f"grafana.dashboards.pages.{module.name}").page()
        found[f"{board.uid}.json"] = JSONEncoder(sort_keys=True, indent=2).encode(board) + "\n"
    return found


def main() -> int:
    wanted = boards()
    GENERATED.mkdir(exist_ok=True)
    for stale in {path.name for path in GENERATED.glob("*.json")} - set(wanted):
        (GENERATED / stale).unlink()
        print(f"removed {stale}")
    for name, text in wanted.items():
        (GENERATED / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
