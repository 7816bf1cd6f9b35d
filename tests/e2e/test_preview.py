"""Where the preview stands in for Grafana: every panel of every board is drawn, and what can't be drawn is told."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from tests.e2e import planted_panels
from tests.e2e.planted_panels import DRAWN, EMPTY, REFUSED
from tests.e2e.test_boards import exercised_erp  # noqa: F401 - an autouse fixture: panels need something to show
from tests.support.boards import load_boards, panels_of
from tests.support.panels import QUIET
from tests.support.preview import Preview, started
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

BOARDS = load_boards()
# What a number of the unit ends with, or begins with.
UNITS = {
    **{"s": "[nµm]?s|mins?|hours?|days?|weeks?", "percentunit": "%", "bytes": "B|[KMGT]iB", "Bps": "[kMG]?B/s"},
    **{"reqps": "req/s", "cps": "c/s", "cpm": "c/m", "currencyEUR": "€", "bool_on_off": "On|Off"},
}
pytestmark = pytest.mark.timeout(240)  # a browser, and panels that fill only now


@pytest.fixture(scope="module")
def chromium(report: list[str]) -> Iterator[Browser]:
    report.append("Boards were drawn by Grafana's preview, in Chromium.")
    with started() as browser:
        yield browser


@pytest.fixture
def preview(chromium: Browser) -> Iterator[Preview]:
    with Preview.opened(chromium) as preview:
        yield preview


def missing(uid: str, panel: dict[str, Any], text: str) -> list[str]:
    """What a drawn panel has to say and doesn't: the fixed names of its lines, the unit of its numbers."""
    names = [
        target["legendFormat"]
        for target in panel["targets"]
        if panel["type"] in ("timeseries", "bargauge")
        and not re.search(r"\{\{|^(__auto)?$", target.get("legendFormat", ""))
        and f"{uid}: {panel['title']} ({target['refId']})" not in QUIET
    ]
    unit = UNITS.get(panel.get("fieldConfig", {}).get("defaults", {}).get("unit", ""), "")
    measured = panel["type"] not in ("stat", "gauge", "bargauge") or re.search(rf"\d\s*({unit})(\s|$)|{unit}\d", text)
    return [name for name in names if name not in text] + ([] if measured else [unit])


def may_be_empty(uid: str, panel: dict[str, Any]) -> bool:
    """Whether each of the panel's queries is on the list of those that are rightly empty."""
    names = [f"{uid}: {panel['title']} ({target['refId']})" for target in panel["targets"]]
    return all(name in QUIET for name in names)


@pytest.mark.parametrize("uid", BOARDS)
def test_board_is_drawn_with_data_under_the_names_of_its_json(uid: str, preview: Preview) -> None:
    wanted = {panel["id"]: panel for panel in panels_of(BOARDS[uid]) if panel["type"] != "row"}

    def undrawn() -> dict[str, str]:
        preview.open(f"/d/{uid}")
        preview.unfold()
        drawn = {panel.identifier: panel for panel in preview.panels()}
        assert {number: (panel.kind, panel.title) for number, panel in drawn.items()} == {
            number: (panel["type"], panel["title"]) for number, panel in wanted.items()
        }
        complaints = {"the console": "; ".join(preview.complaints)} if preview.complaints else {}
        return complaints | {
            panel.title: f"{panel.state}, without {missing(uid, wanted[number], panel.text)}: {panel.text}"
            for number, panel in drawn.items()
            if not (panel.is_drawn and not missing(uid, wanted[number], panel.text))
            and not (panel.state == "empty" and may_be_empty(uid, wanted[number]))
        }

    eventually(undrawn, f"every panel of {uid} drawn", 90, interval=5, until=lambda left: not left)
    assert BOARDS[uid]["title"] in preview.page.title()
    assert "preview" in preview.page.inner_text("header").lower()
    assert preview.outside == set()


def test_while_there_is_no_application_the_overview_says_what_to_add(preview: Preview) -> None:
    text = json.dumps(BOARDS["overview"])
    nobody = text.replace('application!~\\"|monitoring|sandbox\\"', 'application=\\"nobody\\"')
    assert nobody != text
    preview.serve(json.loads(nobody))
    preview.open("/d/overview")
    panel = preview.panel("Applications")
    assert (panel.state, "observability.application" in panel.text) == ("empty", True)


def test_a_row_of_the_applications_leads_to_the_overview_of_its_service(preview: Preview) -> None:
    preview.open("/d/overview?from=now-15m&to=now")
    preview.page.click("section[data-panel]:has(h2:text-is('Applications')) [role=gridcell] a >> nth=0")
    preview.page.wait_for_url(re.compile(r"var-application=[\w-]+&var-env=\w+&var-service=[\w-]+&from=now-15m&to=now$"))
    for name, value in re.findall(r"var-(\w+)=([\w-]+)", preview.page.url):
        preview.page.wait_for_selector(f"[data-variable={name}]:has-text('{value}')")


@pytest.fixture(scope="module")
def planted(chromium: Browser) -> Iterator[Preview]:
    """A board of the tests: every kind that is drawn, everything that is refused, and an empty panel."""
    with Preview.opened(chromium) as preview:
        refused = [panel for panel, _ in REFUSED.values()]
        preview.serve(planted_panels.board(*DRAWN, *refused, EMPTY), planted_panels.board(uid="other", title="Other"))
        preview.open("/d/planted")
        yield preview


@pytest.mark.parametrize("title", REFUSED)
def test_what_the_preview_does_not_know_is_told_in_the_panel(title: str, planted: Preview) -> None:
    panel = planted.panel(title)
    assert panel.state == "problem"
    assert REFUSED[title][1] in panel.text
    assert panel.ink == 0


def test_panel_without_data_says_so(planted: Preview) -> None:
    assert (planted.panel("Nothing").state, "No data" in planted.panel("Nothing").text) == ("empty", True)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Numbers", r"of prometheus\n1\s*s"),
        ("Bars", r"prometheus\n1 B"),
        ("Dial", r"100%"),
        ("Cells", r"Is up\b(.|\n)*\bYes"),
    ],
)
def test_values_have_the_unit_and_name_of_the_json(title: str, shown: str, planted: Preview) -> None:
    assert re.search(shown, planted.panel(title).text), planted.panel(title).text


def test_hovering_shows_each_line_with_its_unit_and_the_time(planted: Preview) -> None:
    tooltip = planted.tooltip_of("Lines")
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", tooltip)
    assert re.search(r"prometheus\s+[\d.]+ (B|KiB)", tooltip)


def test_dragging_zooms_every_panel_and_the_address_tells_the_range(preview: Preview) -> None:
    preview.serve(planted_panels.board(*DRAWN))
    preview.open("/d/planted?from=now-30m&to=now")
    plot = preview.panel("Lines").element.query_selector(".u-over")
    box = plot.bounding_box() if plot else None
    assert box
    middle = box["y"] + box["height"] / 2
    preview.page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    preview.page.mouse.down()
    preview.page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=5)
    preview.page.mouse.up()
    preview.page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    found = re.search(r"from=(\d+)&to=(\d+)", preview.page.url)
    assert found
    assert (int(found[2]) - int(found[1])) / 60_000 == pytest.approx(15, abs=1)


def test_a_preset_and_a_variable_are_chosen_by_hand_and_kept_in_links(preview: Preview) -> None:
    preview.serve(planted_panels.board(*DRAWN), planted_panels.board(DRAWN[0], uid="other", title="Other"))
    preview.open("/d/planted")
    page = preview.page
    page.click("[data-testid='data-testid TimePicker Open Button']")
    page.click("text=Last 5 minutes")
    page.wait_for_url("**from=now-5m&to=now**")
    page.fill("[data-variable=job] input", "prometheus")
    page.click("[role=option]:has-text('prometheus')")
    page.keyboard.press("Escape")
    page.wait_for_url("**var-job=prometheus**")
    # The link follows once the variables are asked anew.
    page.click("a.board-link[href*='var-job=prometheus']:has-text('Other')")
    page.wait_for_url("**/d/other?**")
    for kept in ("from=now-5m", "to=now", "var-job=prometheus", "var-datasource=prometheus"):
        assert kept in page.url
    preview.settle()
    assert re.findall(r"erp-web|prometheus", preview.panel("Lines").text) == ["prometheus"]


def test_a_variable_in_the_address_narrows_the_queries(preview: Preview) -> None:
    preview.serve(planted_panels.board(*DRAWN))
    preview.open("/d/planted?var-job=loki&var-job=node&theme=light")
    assert sorted(set(re.findall(r"^[a-z-]+$", preview.panel("Bars").text, re.MULTILINE))) == ["loki", "node"]
    assert preview.page.get_attribute(".page", "data-theme") == "light"


def test_a_choice_narrows_the_one_that_follows_and_takes_out_what_was_chosen_there(preview: Preview) -> None:
    preview.serve(planted_panels.board(*DRAWN))
    preview.open("/d/planted?var-instance=loki:3100&var-one=loki")
    page = preview.page
    assert instances_drawn(preview) == ["loki:3100"]
    page.fill("[data-variable=job] input", "prometheus")
    page.click("[role=option]:has-text('prometheus')")
    page.keyboard.press("Escape")
    page.wait_for_url("**var-job=prometheus**")
    assert "var-instance" not in page.url
    assert "var-one=loki" in page.url
    preview.settle()
    assert instances_drawn(preview) == ["prometheus:9090"]
    page.click("[data-variable=instance] input")
    page.wait_for_selector("[role=option]")
    assert [each.inner_text() for each in page.query_selector_all("[role=option]")] == ["All", "prometheus:9090"]


def instances_drawn(preview: Preview) -> list[str]:
    return sorted(set(re.findall(r"[a-z-]+:\d+", preview.panel("Instances").text)))


def test_a_variable_without_all_opens_on_the_first_value(preview: Preview) -> None:
    preview.serve(planted_panels.board(*DRAWN))
    preview.open("/d/planted")
    (first, *_) = sorted(Prometheus().label_values("job", "up"))
    assert first in preview.panel("First of its kind").text.splitlines()


def test_a_single_number_has_no_name_beside_it(preview: Preview) -> None:
    preview.serve(planted_panels.board(*DRAWN))
    preview.open("/d/planted?var-job=prometheus")
    assert re.search(r"^1\s*s$", preview.panel("Numbers").body), preview.panel("Numbers").body


PANES = {"a": {"datasource": "loki", "queries": [{"refId": "A", "expr": '{service="erp-web"}'}]}}


def test_explore_address_opens_lines_whose_fields_narrow_the_query(preview: Preview) -> None:
    preview.open(f"/explore?schemaVersion=1&panes={quote(json.dumps(PANES))}")
    assert preview.page.input_value("input[aria-label=Query]") == '{service="erp-web"}'
    assert {panel.title: panel.is_drawn for panel in preview.panels()} == {"Lines": True, "Log lines": True}
    assert "request_id=" in narrowed_by("request_id", preview)
    assert preview.panel("Log lines").is_drawn
    assert preview.complaints == []


def test_a_field_that_is_null_narrows_to_lines_without_it(preview: Preview) -> None:
    preview.open(f"/explore?schemaVersion=1&panes={quote(json.dumps(PANES))}")
    assert 'task_id=""' in narrowed_by("task_id", preview)
    assert preview.panel("Log lines").is_drawn


def narrowed_by(field: str, preview: Preview) -> str:
    """The query after a press on the + beside a field of a request's line; the newest line may have no request."""
    preview.page.click("""details summary:text-matches('"request_id": "')""")
    preview.page.click(f"details[open] tr:has(th:text-is('{field}')) a:text-is('+')")
    preview.page.wait_for_url(f"**{field}**")
    preview.settle()
    return preview.page.input_value("input[aria-label=Query]")


def test_a_broken_query_of_explore_is_told(preview: Preview) -> None:
    preview.open("/explore")
    preview.page.fill("input[aria-label=Query]", "{service=")
    preview.page.click("text=Run")
    preview.page.wait_for_selector("section[data-state=problem]")
    assert "parse error" in preview.panel("Log lines").text


@pytest.mark.parametrize(
    ("path", "told_there"),
    [
        ("/d/no-such-board", "page of Grafana's own"),
        ("/alerting/list", "page of Grafana's own"),
        ("/explore?panes={", "can't be read"),
        (
            f"/explore?panes={quote(json.dumps({'a': {'datasource': 'tempo', 'queries': []}}))}",
            'no data source "tempo"',
        ),
    ],
)
def test_an_address_that_the_preview_does_not_know_is_told(path: str, told_there: str, preview: Preview) -> None:
    preview.open(path)
    assert told_there in preview.page.inner_text("[role=alert]")


def test_a_source_that_is_down_is_told_in_each_panel(preview: Preview) -> None:
    preview.serve(planted_panels.board(*DRAWN[:2]))
    preview.page.route("**/query_range", lambda route: route.fulfill(status=502, body="<html>"))
    preview.open("/d/planted")
    assert [panel.state for panel in preview.panels()] == ["problem"] * 2
    assert "502" in preview.panel("Lines").text
