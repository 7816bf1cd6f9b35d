"""What can't work is refused with a sentence that names the setting, and never its secret value."""

from collections.abc import Callable
from pathlib import Path

import pytest

from alertmanager.render import main
from alertmanager.settings import RefusedError

PRODUCTION = {
    "ENV": "production",
    "SMTP_SMARTHOST": "mail.example:587",
    "SMTP_FROM": "alerts@erp.example",
    "ALERT_EMAIL_TO": "oncall@erp.example",
}


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"ENV": "prod"}, "ENV is 'prod'; expected one of sandbox, staging, production"),
        ({"SMTP_SMARTHOST": "mailpit"}, "SMTP_SMARTHOST is 'mailpit'; expected host:port"),
        ({"SMTP_REQUIRE_TLS": "yes"}, "SMTP_REQUIRE_TLS is 'yes'; expected true or false"),
        ({"SMTP_USERNAME": "erp"}, "a password is only sent over TLS"),
        ({"ALERT_EMAIL_TO": "oncall"}, "ALERT_EMAIL_TO is 'oncall'; expected an e-mail address"),
        ({"ALERT_EMAIL_TO": "{{ .CommonLabels.mail }}@x"}, "ALERT_EMAIL_TO"),
        ({"BASE_URL_GRAFANA": ""}, "BASE_URL_GRAFANA is no usable address"),
        ({"BASE_URL_RUNBOOKS": "docs/runbooks"}, "BASE_URL_RUNBOOKS is no usable address"),
        ({"BASE_URL_GRAFANA": "http://x/{{ end }}"}, "BASE_URL_GRAFANA is no usable address"),
        ({"PAGERDUTY_URL": "inbox:8095"}, "PAGERDUTY_URL is no usable address"),
        (PRODUCTION, "slack_webhook_url doesn't begin with https, which ENV=production expects"),
    ],
)
def test_setting_that_cannot_work_is_refused(
    environ: dict[str, str], sentence: str, rendered: Callable[..., Path]
) -> None:
    with pytest.raises(RefusedError) as refused:
        rendered(environ)
    assert sentence in str(refused.value)


def test_mail_outside_the_sandbox_has_no_default_server(secrets: Path, rendered: Callable[..., Path]) -> None:
    (secrets / "slack_webhook_url").write_text("", encoding="utf-8")
    with pytest.raises(RefusedError, match="SMTP_SMARTHOST is '', but smtp_password switches e-mail on"):
        rendered(PRODUCTION | {"SMTP_SMARTHOST": " "})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slack_webhook_url", "inbox-secret"),
        ("slack_webhook_url", "http://inbox:8095/secret\nhttp://inbox:8095/secret"),
        ("slack_webhook_url", "ftp://inbox/secret"),
        ("slack_webhook_url", "http://inbox:99999/secret"),
        ("heartbeat_url", "http:///secret"),
        ("heartbeat_url", "http://[secret"),
        ("pagerduty_routing_key", "secret key"),
        ("pagerduty_routing_key", "http://secret"),
    ],
)
def test_secret_that_cannot_work_is_refused_without_being_shown(
    name: str, value: str, secrets: Path, rendered: Callable[..., Path]
) -> None:
    (secrets / name).write_text(value, encoding="utf-8")
    with pytest.raises(RefusedError, match=name) as refused:
        rendered()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["slack_webhook_url", "pagerduty_routing_key", "smtp_password", "heartbeat_url"])
def test_missing_secret_file_is_an_error_and_leaves_the_old_configuration(
    name: str, secrets: Path, rendered: Callable[..., Path]
) -> None:
    path = rendered()
    before = path.read_bytes()
    (secrets / name).unlink()
    with pytest.raises(RefusedError, match=f"The secret {name} is missing"):
        rendered({"BASE_URL_GRAFANA": "http://other.example"})
    assert path.read_bytes() == before


def test_secret_that_is_no_text_is_an_error(secrets: Path, rendered: Callable[..., Path]) -> None:
    (secrets / "smtp_password").write_bytes(b"\xff\xfe")
    with pytest.raises(RefusedError, match="smtp_password"):
        rendered()


def test_command_tells_channels_and_not_values(
    secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GRAFANA", "ALERTMANAGER", "RUNBOOKS"):
        monkeypatch.setenv(f"BASE_URL_{name}", "http://base.example")
    monkeypatch.setenv("ENV", "sandbox")
    (secrets / "smtp_password").write_text("", encoding="utf-8")
    assert main(["--secrets", str(secrets), "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "slack      on",
        "pagerduty  on",
        "email      off (smtp_password is empty)",
        "heartbeat  on",
    ]
    (secrets / "smtp_password").unlink()
    assert main(["--secrets", str(secrets), "--output", str(tmp_path)]) == 1
    assert "smtp_password is missing" in capsys.readouterr().err
