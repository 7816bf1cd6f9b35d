"""The words that people get, for a firing, a resolved, a grouped, a bare and a hostile alert."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LINKS = {
    "runbook": "http://runbooks.example/docs/runbooks/ErpExternalApiDown.md",
    "dashboard": "http://grafana.example:3000/d/erp-overview",
    "logs": "http://grafana.example:3000/d/erp-overview?viewPanel=40",
    "silence": "http://alertmanager.example:9093/#/silences/new?"
    "filter=%7Balertname%3D%22ErpExternalApiDown%22%2Cservice%3D%22payment%22%7D",
}
TEMPLATES = {
    "erp.title": "text",
    "erp.slack.title": "text",
    "erp.slack.text": "text",
    "erp.slack.color": "text",
    "erp.pagerduty.severity": "text",
    "erp.pagerduty.alerts": "text",
    "erp.email.subject": "text",
    "erp.email.text": "text",
    "erp.email.html": "html",
    "erp.link.runbook": "text",
    "erp.link.dashboard": "text",
    "erp.link.logs": "text",
    "erp.link.silence": "text",
}


def notification(*, status: str = "firing", alerts: int = 1, **changes: dict[str, str]) -> dict[str, Any]:
    labels = {"alertname": "ErpExternalApiDown", "service": "payment", "severity": "critical"}
    labels = changes.get("labels", labels)
    annotations = changes.get(
        "annotations",
        {
            "summary": "The payment API is down",
            "description": "None of about 60 calls to the payment API succeeded in the last minute.",
            "runbook_url": "docs/runbooks/ErpExternalApiDown.md",
            "dashboard_url": "/d/erp-overview",
            "logs_url": "/d/erp-overview?viewPanel=40",
        },
    )
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-11-24T08:15:30Z",
        "endsAt": "2026-11-24T08:45:00Z",
    }
    return {
        "receiver": "critical",
        "status": status,
        "alerts": [alert] * alerts,
        "groupLabels": {k: v for k, v in labels.items() if k in ("alertname", "service")},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "http://elsewhere.example",
    }


def test_slack_says_what_since_when_and_where_to_look(text: Callable[..., str]) -> None:
    assert text("erp.slack.title", notification()) == "[CRITICAL] The payment API is down (sandbox)"
    assert text("erp.slack.text", notification()) == (
        "None of about 60 calls to the payment API succeeded in the last minute.\n"
        "_since 2026-11-24 08:15:30 UTC_\n"
        f"<{LINKS['runbook']}|Runbook> · <{LINKS['dashboard']}|Board> · <{LINKS['logs']}|Logs> · "
        f"<{LINKS['silence']}|Silence>"
    )
    assert text("erp.slack.color", notification()) == "danger"
    assert text("erp.slack.color", notification(status="resolved")) == "good"


def test_resolution_says_until_when(text: Callable[..., str]) -> None:
    resolved = notification(status="resolved")
    assert text("erp.email.subject", resolved) == "[RESOLVED] The payment API is down (sandbox)"
    for template, kind in (
        ("erp.slack.text", "text"),
        ("erp.email.text", "text"),
        ("erp.email.html", "html"),
    ):
        said = text(template, resolved, kind)
        assert "since 2026-11-24 08:15:30 UTC, until 2026-11-24 08:45:00 UTC" in said


def test_mail_has_the_same_words_as_text_and_as_html(text: Callable[..., str]) -> None:
    assert text("erp.email.text", notification()) == (
        "[CRITICAL] The payment API is down (sandbox)\n\n"
        "None of about 60 calls to the payment API succeeded in the last minute.\n"
        "since 2026-11-24 08:15:30 UTC\n\n"
        f"Runbook: {LINKS['runbook']}\nBoard:   {LINKS['dashboard']}\nLogs:    {LINKS['logs']}\n"
        f"Silence: {LINKS['silence']}\n"
    )
    html = text("erp.email.html", notification(), "html")
    assert "None of about 60 calls to the payment API succeeded in the last minute." in html
    for link in LINKS.values():
        assert f'<a href="{link}">' in html


def test_pagerduty_gets_the_story_and_the_links(text: Callable[..., str]) -> None:
    assert text("erp.pagerduty.severity", notification()) == "critical"
    assert text("erp.pagerduty.alerts", notification()) == (
        "None of about 60 calls to the payment API succeeded in the last minute. (since 2026-11-24 08:15:30 UTC)\n"
    )
    for name, link in LINKS.items():
        assert text(f"erp.link.{name}", notification()) == link


@pytest.mark.parametrize(("template", "kind"), TEMPLATES.items())
def test_alert_without_labels_or_annotations_leaves_no_hole(template: str, kind: str, text: Callable[..., str]) -> None:
    said = text(template, notification(labels={}, annotations={}, alerts=3), kind)
    assert "<no value>" not in said
    assert "no value" not in said
    assert "<|" not in said
    assert 'href=""' not in said


def test_several_alerts_without_a_common_summary_are_counted(text: Callable[..., str]) -> None:
    data = notification(alerts=2) | {"commonAnnotations": {}}
    assert text("erp.title", data) == "[CRITICAL] ErpExternalApiDown (payment, 2 alerts) (sandbox)"
    assert text("erp.slack.title", data) == "[CRITICAL] ErpExternalApiDown (2 alerts) (sandbox)"


def test_hostile_text_stays_text(text: Callable[..., str]) -> None:
    evil = "<!channel> <script>alert(1)</script> & <http://evil.example|click>"
    data = notification(
        labels={"alertname": 'x"}<script>', "service": "a|b>c"},
        annotations={"summary": evil, "description": evil, "runbook_url": "x><!channel>|y\"' onclick=z"},
    )
    slack = text("erp.slack.title", data) + text("erp.slack.text", data)
    assert "<!channel>" not in slack
    assert "<http://evil" not in slack
    assert "<http://runbooks.example/x" in slack
    html = text("erp.email.html", data, "html")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert '<a href="http://runbooks.example/xchannely' in html
    assert "%22%7D%3Cscript%3E" in text("erp.link.silence", data)


def test_each_template_that_the_configuration_names_exists(
    rendered: Callable[..., Path], text: Callable[..., str]
) -> None:
    config = rendered().read_text(encoding="utf-8")
    named = {part.split("\\")[0] for part in config.split('{{ template \\"')[1:]}
    assert named >= {"erp.title", "erp.slack.text", "erp.email.html"}
    for name in named:
        assert "<no value>" not in text(name, notification()), json.dumps(name)
