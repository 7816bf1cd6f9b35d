"""`make screenshots`: the boards and an order's trace as the preview draws them, for the README and docs."""

import json
import sys
from urllib.parse import quote

from playwright.sync_api import Browser

from ops.paths import ROOT
from tests.support.boards import load_boards
from tests.support.erp import Erp, Ids
from tests.support.preview import SIZE, Preview, started
from tests.support.wait import eventually

FOLDER = ROOT / "docs" / "screenshots"
RANGE = "from=now-30m&to=now"


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    ids = Ids.fresh("picture")
    Erp().place_order(ids).raise_for_status()
    trace = {"a": {"datasource": "jaeger", "queries": [{"query": ids.trace}]}}
    with started() as chromium:
        for uid in load_boards():
            take(chromium, uid, f"/d/{uid}?{RANGE}")
        # The worker ends the trace a moment after the order.
        eventually(
            lambda: take(chromium, "trace", f"/explore?panes={quote(json.dumps(trace))}"),
            "a trace with the worker's spans",
            60,
            until=lambda text: "erp-worker" in text,
        )
    return 0


def take(chromium: Browser, name: str, address: str) -> str:
    """Picture an address; the text that is seen there."""
    with Preview.opened(chromium) as preview:
        preview.open(address)
        preview.page.set_viewport_size(SIZE)
        preview.settle()
        path = FOLDER / f"{name}.png"
        preview.page.screenshot(path=path)
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}, {path.stat().st_size // 1024} KiB\n")
        return str(preview.page.inner_text("body"))


if __name__ == "__main__":
    sys.exit(main())
