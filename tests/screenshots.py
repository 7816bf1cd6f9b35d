"""`make screenshots`: pictures of the boards as the preview draws them, for the README and docs."""

import sys

from ops.paths import ROOT
from tests.support.boards import load_boards
from tests.support.preview import SIZE, Preview, started

FOLDER = ROOT / "docs" / "screenshots"
RANGE = "from=now-30m&to=now"


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    with started() as chromium:
        for uid in load_boards():
            with Preview.opened(chromium) as preview:
                preview.open(f"/d/{uid}?{RANGE}")
                preview.page.set_viewport_size(SIZE)
                preview.settle()
                path = FOLDER / f"{uid}.png"
                preview.page.screenshot(path=path)
                sys.stdout.write(f"wrote {path.relative_to(ROOT)}, {path.stat().st_size // 1024} KiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
