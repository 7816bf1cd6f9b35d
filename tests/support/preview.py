"""The preview of the boards as a browser shows it; what a page asked and complained of is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ElementHandle, Page, ViewportSize, sync_playwright

from ops import browser, machine
from tests.support import stack

# A desk's screen; boards are made to be read at this width.
SIZE: ViewportSize = {"width": 1280, "height": 900}
LEAST_INK = 1000  # axes and grid alone are about half of it
HIGHEST = 8000  # pixels of a page that is shown at once, so that every panel is in sight


@dataclass(frozen=True)
class DrawnPanel:
    identifier: int
    kind: str
    state: str  # loading, problem, empty or drawn
    title: str
    text: str
    ink: int  # pixels of its canvases that aren't blank
    element: ElementHandle

    @property
    def is_drawn(self) -> bool:
        """Something is there to be seen: ink where a graph is, text elsewhere."""
        return self.state == "drawn" and (self.ink > LEAST_INK if self.kind == "timeseries" else bool(self.body))

    @property
    def body(self) -> str:
        return self.text.removeprefix(self.title).strip()


class Preview:
    @classmethod
    @contextmanager
    def opened(cls, chromium: Browser) -> Iterator[Preview]:
        """A fresh page, without what another one stored."""
        context = chromium.new_context(viewport=SIZE)
        try:
            yield cls(context.new_page())
        finally:
            context.close()

    def __init__(self, page: Page) -> None:
        self.page = page
        self.base = stack.url("grafana")
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    @property
    def outside(self) -> set[str]:
        """Hosts that were asked, but the preview's own; data: addresses have none."""
        return self.hosts - {urlsplit(self.base).netloc, ""}

    def serve(self, *boards: dict[str, Any]) -> None:
        """Let the page find these boards instead of the committed ones."""
        files = {f"{board['uid']}.json": board for board in boards}
        listing = json.dumps([{"name": name, "type": "file"} for name in files])
        self.page.route("**/boards/", lambda route: route.fulfill(body=listing))
        self.page.route(
            "**/boards/*.json", lambda route: route.fulfill(body=json.dumps(files[route.request.url.rsplit("/", 1)[1]]))
        )

    def open(self, path: str) -> None:
        """Open an address of Grafana's and let the window be as high as the page; earlier complaints are forgotten."""
        self.complaints.clear()
        self.page.set_viewport_size(SIZE)
        self.page.goto(f"{self.base}{path}")
        self._show_all()

    def _show_all(self) -> None:
        self.settle()
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": SIZE["width"], "height": min(height, HIGHEST)})
        # What the new size changes is known a frame later, and asked for another one later.
        self.page.evaluate(TWO_FRAMES)
        self.settle()

    def settle(self) -> None:
        """Wait until panels are there, none waits for an answer, and tables have their cells, which come later."""
        self.page.wait_for_function(SETTLED, timeout=30_000)

    def panels(self) -> list[DrawnPanel]:
        return [_panel(section) for section in self.page.query_selector_all("section[data-panel]")]

    def panel(self, title: str) -> DrawnPanel:
        found = [panel for panel in self.panels() if panel.title == title]
        if len(found) != 1:
            raise LookupError(f"Expected one panel {title!r}, found {[panel.title for panel in self.panels()]}.")
        return found[0]

    def unfold(self) -> None:
        """Open every collapsed row."""
        for button in self.page.query_selector_all("h2 button[aria-expanded=false]"):
            button.click()
        self._show_all()

    def pin_tooltip_of(self, title: str, *, at: float = 0.9) -> None:
        """Click beside a line of a graph, which keeps the tooltip with its links; `at` is the share of its width."""
        self.tooltip_of(title, at=at)
        plot = self.panel(title).element.query_selector(".u-over")
        box = plot.bounding_box() if plot else None
        for step in range(20):
            if box and not self.page.query_selector(".tooltip a"):
                self.page.mouse.move(box["x"] + box["width"] * at, box["y"] + box["height"] * (step + 0.5) / 20)
                self.page.evaluate(TWO_FRAMES)
                self.page.mouse.down()
                self.page.mouse.up()
                self.page.evaluate(TWO_FRAMES)

    def tooltip_of(self, title: str, *, at: float = 0.97) -> str:
        """What hovering over a graph shows; `at` is the share of its width."""
        plot = self.panel(title).element.query_selector(".u-over")
        if plot:
            plot.scroll_into_view_if_needed()
        box = plot.bounding_box() if plot else None
        if plot is None or box is None:
            raise LookupError(f"{title} has no graph to hover over.")
        self.page.mouse.move(box["x"] + box["width"] * at - 3, box["y"] + box["height"] / 2)
        self.page.mouse.move(box["x"] + box["width"] * at, box["y"] + box["height"] / 2)
        tooltip = self.page.wait_for_selector(".tooltip", timeout=30_000)
        return tooltip.inner_text() if tooltip else ""


SETTLED = """
() => document.querySelector('section[data-panel], [role=alert]')
  && !document.querySelector('section[data-state=loading]')
  && ![...document.querySelectorAll('section[data-kind=table][data-state=drawn]')]
    .some(table => !table.querySelector('[role=gridcell]'))
"""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
INK = """
element => [...element.querySelectorAll('canvas')].reduce((ink, canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (const pixel of new Uint32Array(data.buffer)) ink += pixel >>> 24 ? 1 : 0;
  return ink;
}, 0)
"""


def _panel(section: ElementHandle) -> DrawnPanel:
    heading = section.query_selector("h2")
    # A table's cells count as invisible until they are painted.
    cells = [cell.text_content() or "" for cell in section.query_selector_all("[role=gridcell]")]
    return DrawnPanel(
        identifier=int(section.get_attribute("data-panel") or 0),
        kind=section.get_attribute("data-kind") or "",
        state=section.get_attribute("data-state") or "",
        title=heading.inner_text() if heading else "",
        text="\n".join([section.inner_text(), *cells]),
        ink=int(section.evaluate(INK)),
        element=section,
    )


@contextmanager
def started() -> Iterator[Browser]:
    """Chromium; as root it has no sandbox to put its pages in."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if machine.is_root() else []
        chromium = playwright.chromium.launch(executable_path=browser.ensure(), args=options)
        try:
            yield chromium
        finally:
            chromium.close()
