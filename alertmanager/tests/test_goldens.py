"""Whole messages, field by field as the configuration asks for them, against the committed ones.

`make goldens` writes them anew: read the difference.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alertmanager.tests.test_channels import SHOWN, load

FOLDER = Path(__file__).parent / "golden"
EVIL = (
    "<!channel> *bold* <script>alert(1)</script> & <http://evil.example|click>\r\nBcc: all@evil.example {{ .Labels }}"
)
HTML = {"html"}
BASES = {
    "BASE_URL_GRAFANA": "http://grafana.example:3000",
    "BASE_URL_ALERTMANAGER": "http://alertmanager.example:9093/",
    "BASE_URL_RUNBOOKS": "http://runbooks.example",
    "BASE_URL_TRACKER": "http://tracker.example:8090",
}


def alert(service: str = "erp-web", *, resolved: bool = False, **changes: dict[str, str]) -> dict[str, Any]:
    labels = {
        "alertname": "HttpErrorRatioHigh",
        "application": "erp",
        "env": "sandbox",
        "service": service,
        "severity": "critical",
        "signal": "errors",
        "team": "app",
    }
    annotations = {
        "summary": f"{service} answers too many requests with a server error",
        "description": f"12.5% of the requests to {service} in the last 5 minutes ended with a 5xx status.",
        "runbook_url": "docs/runbooks/HttpErrorRatioHigh.md",
        "dashboard_url": f"/d/overview?var-application=erp&var-env=sandbox&var-service={service}",
        "logs_url": f"/d/overview?var-application=erp&var-env=sandbox&var-service={service}&viewPanel=40",
    }
    return {
        "status": "resolved" if resolved else "firing",
        "labels": labels | changes.get("labels", {}),
        "annotations": annotations | changes.get("annotations", {}),
        "startsAt": "2026-11-24T08:15:30Z",
        "endsAt": "2026-11-24T08:45:00Z" if resolved else "0001-01-01T00:00:00Z",
    }


def common(alerts: list[dict[str, Any]], kind: str) -> dict[str, str]:
    return {k: v for k, v in alerts[0][kind].items() if all(each[kind].get(k) == v for each in alerts)}


def group(*alerts: dict[str, Any]) -> dict[str, Any]:
    shared = common(list(alerts), "labels")
    return {
        "receiver": "critical",
        "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
        "alerts": list(alerts),
        "groupLabels": {k: v for k, v in shared.items() if k in ("alertname", "application", "env", "service")},
        "commonLabels": shared,
        "commonAnnotations": common(list(alerts), "annotations"),
        "externalURL": "http://elsewhere.example",
    }


def hostile() -> dict[str, Any]:
    """Text from outside in every label and annotation, as from an address or a product's name."""
    names = ("summary", "description", "runbook_url", "dashboard_url", "logs_url")
    labels = {"alertname": f'Erp"}}{EVIL}', "service": f"a\\b+c|d {EVIL}", "severity": "critical"}
    labels |= {"application": EVIL, "env": EVIL}
    return group(alert(labels=labels, annotations=dict.fromkeys(names, EVIL)))


CASES = {
    "firing": group(alert()),
    "resolved": group(alert(resolved=True)),
    "partly-resolved": group(
        alert(annotations={"description": "12.5% of the requests to 10.0.0.1 failed."}),
        alert(annotations={"description": "7% of the requests to 10.0.0.2 failed."}, resolved=True),
    ),
    "many": group(
        *(alert(annotations={"summary": f"View {n} fails", "description": f"View {n} failed."}) for n in range(13))
    ),
    "hostile": hostile(),
    "long": group(
        *(alert(f"erp-{n}", annotations={"description": f"Disk {n} " + "fills up " * 600}) for n in range(30))
    ),
    "bare": group(*[alert() | {"labels": {}, "annotations": {}}] * 3),
}
COMMITTED = ("partly-resolved", "hostile")


def fields(config: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every templated text of a receiver's block."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield from fields(value, f"{name}.{key}".lstrip("."))
    elif isinstance(config, list):
        for number, value in enumerate(config):
            yield from fields(value, f"{name}.{number}")
    elif isinstance(config, str) and "{{" in config:
        yield name, config


def message(channel: str, data: Path, config: Path, amtool: Callable[..., str]) -> str:
    """What the channel gets, each field after a line with its name, rendered as Alertmanager would."""
    (receiver,) = [each for each in load(config)["receivers"] if each["name"] == "critical"]
    (block,) = receiver[{short: kind for kind, short in SHOWN.items()}[channel]]
    told = []
    for name, template in fields(block):
        kind = "html" if name in HTML else "text"
        files = f"--template.glob={config.parent}/templates/*.tmpl"
        given = (f"--template.text={template}", f"--template.type={kind}", f"--template.data={data}")
        told.append(f"--- {name}\n{amtool('template', 'render', files, *given)}\n")
    return "".join(told)


each_channel = pytest.mark.parametrize("channel", SHOWN.values())


@pytest.fixture
def told(rendered: Callable[..., Path], amtool: Callable[..., str], tmp_path: Path) -> Callable[[str, str], str]:
    """The message of a case on a channel, without a value that wasn't rendered."""

    def told(case: str, channel: str) -> str:
        data = tmp_path / "data.json"
        data.write_text(json.dumps(CASES[case]), encoding="utf-8")
        said = message(channel, data, rendered(BASES), amtool)
        assert [part for part in ("no value", "%!", "0001-01-01", "map[", "<|", 'href=""') if part in said] == []
        return said

    return told


@each_channel
@pytest.mark.parametrize("case", COMMITTED)
def test_message_is_the_committed_one(case: str, channel: str, told: Callable[[str, str], str]) -> None:
    said = told(case, channel)
    path = FOLDER / f"{case}.{channel}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_bytes(said.encode())
    assert said == path.read_bytes().decode(), "read the difference; GOLDEN=write accepts it"


def test_every_golden_message_belongs_to_a_case() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{c}.{k}.txt" for c in COMMITTED for k in SHOWN.values()}


@each_channel
def test_end_differs_from_the_beginning_by_title_colour_and_time(channel: str, told: Callable[[str, str], str]) -> None:
    text = told("firing", channel)
    until = ":30 UTC, until 2026-11-24 08:45:00 UTC"
    for begin, end in (("[CRITICAL]", "[RESOLVED]"), ("danger", "good"), (":30 UTC", until)):
        text = text.replace(begin, end)
    assert told("resolved", channel) == text


@each_channel
def test_alerts_without_labels_are_told_too(channel: str, told: Callable[[str, str], str]) -> None:
    said = told("bare", channel)
    assert "[ALERT] Several alerts (" in said
    assert "3 alerts) (sandbox)" in said
    assert "No description." in said


def test_thirty_long_alerts_stay_below_what_slack_takes_with_the_links_first(told: Callable[[str, str], str]) -> None:
    text = told("long", "slack").partition("--- text\n")[2].partition("\n--- ")[0]
    assert text.startswith("<http://runbooks.example/docs/runbooks/HttpErrorRatioHigh.md|Runbook> · <")
    assert len(text) < 8_000
    assert [f"Disk {n} fills up" in text for n in (0, 9, 10)] == [True, True, False]
    assert "20 more" in text


@each_channel
def test_message_has_all_that_a_person_needs(channel: str, told: Callable[[str, str], str]) -> None:
    said = told("firing", channel)
    for part in (
        "erp-web answers too many requests",
        "12.5% of the requests",
        "since 2026-11-24 08:15:30 UTC",
        "http://runbooks.example/docs/runbooks/HttpErrorRatioHigh.md",
        "http://grafana.example:3000/d/overview?var-application=erp&var-env=sandbox&var-service=erp-web",
        "viewPanel=40",
        "http://alertmanager.example:9093/#/silences/new?filter=",
    ):
        assert part in said


@each_channel
def test_long_group_is_cut_and_counted(channel: str, told: Callable[[str, str], str]) -> None:
    said = told("many", channel)
    assert "13 alerts) (erp, sandbox)" in said
    assert "View 9 failed." in said
    assert "View 10 failed." not in said
    assert "and 3 more" in said


def test_hostile_text_can_neither_call_a_channel_nor_run_nor_add_a_header() -> None:
    slack = (FOLDER / "hostile.slack.txt").read_text(encoding="utf-8")
    assert "<!channel>" not in slack
    assert "<http://evil" not in slack
    email = (FOLDER / "hostile.email.txt").read_bytes().decode()
    html = email.partition("--- html")[2]
    assert "<script" not in html
    assert email.partition("Silence: ")[2].splitlines()[0] in html
    assert not [line for line in slack.splitlines() if line.startswith("http") and "example:3000/" not in line]
    subject = email.partition("--- headers.Subject\n")[2].partition("\n---")[0]
    assert len(subject.splitlines()) == 1
    title = slack.partition("--- title\n")[2].partition("\n---")[0]
    assert len(title.splitlines()) == 1
