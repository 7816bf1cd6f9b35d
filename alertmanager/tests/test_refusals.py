"""A setting or secret that can't work is refused with a sentence that names it; a secret's value isn't shown."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alertmanager.checks import RefusedError
from alertmanager.render import SOURCE
from alertmanager.tests.conftest import SANDBOX


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"ENV": "prod"}, "ENV is 'prod'; expected sandbox, staging or production"),
        ({"SMTP_SMARTHOST": "mailpit"}, "SMTP_SMARTHOST is 'mailpit'; expected host:port"),
        ({"SMTP_SMARTHOST": " "}, "SMTP_SMARTHOST is ''; expected host:port"),
        ({"SMTP_REQUIRE_TLS": "yes"}, "SMTP_REQUIRE_TLS is 'yes'; expected true or false"),
        ({"SMTP_USERNAME": "erp"}, "a password is only sent over TLS"),
        ({"SMTP_USERNAME": "erp # log-in"}, "SMTP_USERNAME is 'erp # log-in'; expected a user name"),
        ({"SMTP_FROM": "a@erp.example, b@erp.example"}, "expected one e-mail address"),
        *(
            ({"ALERT_EMAIL_TO": value}, f"ALERT_EMAIL_TO is {value!r}; expected e-mail addresses with commas")
            for value in ("", "oncall", "oncall@erp.example # the team", "a@erp.example; b@erp.example", "{{ .x }}@x")
        ),
        *(
            ({"BUSINESS_TIMEZONE": value}, f"BUSINESS_TIMEZONE is {value!r}; expected a time zone such as Europe/")
            for value in ("", "Europe/Nowhere", "../etc/passwd")
        ),
        *(
            ({"BASE_URL_GRAFANA": value}, f"BASE_URL_GRAFANA is {value!r}; expected one line such as http")
            for value in ("", "docs/runbooks", "http://x/{{ end }}", "http://x # ours", "ftp://x", "http://x:0")
        ),
        ({"PAGERDUTY_URL": "inbox:8095"}, "PAGERDUTY_URL is 'inbox:8095'; expected one line such as http"),
        ({"ENV": "production"}, "slack_webhook_url can't work; expected one line such as https://host/path"),
    ],
)
def test_setting_that_cannot_work_is_refused(
    environ: dict[str, str], sentence: str, rendered: Callable[..., Path]
) -> None:
    with pytest.raises(RefusedError) as refused:
        rendered(environ)
    assert sentence in str(refused.value)


def test_login_by_implicit_tls_needs_no_starttls(rendered: Callable[..., Path]) -> None:
    rendered({"SMTP_USERNAME": "erp", "SMTP_SMARTHOST": "mail.example:465"})


def test_settings_of_a_channel_that_is_off_are_not_looked_at(secrets: Path, rendered: Callable[..., Path]) -> None:
    (secrets / "smtp_password").write_text("", encoding="utf-8")
    rendered({"ALERT_EMAIL_TO": "", "SMTP_SMARTHOST": "", "SMTP_FROM": "", "SMTP_REQUIRE_TLS": ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slack_webhook_url", "http://inbox:8095/q7Zx\nhttp://inbox:8095/q7Zx"),
        ("slack_webhook_url", b"http://inbox/q7Zx\xff\xfe"),
        ("heartbeat_url", "http://inbox:99999/q7Zx"),
        ("heartbeat_url", "http://[q7Zx"),
        ("pagerduty_routing_key", "http://q7Zx"),
        ("smtp_password", "q7Zx\nq7Zx"),
    ],
)
def test_secret_that_cannot_work_is_refused_without_being_shown(
    name: str, value: str | bytes, secrets: Path, rendered: Callable[..., Path]
) -> None:
    (secrets / name).write_bytes(value if isinstance(value, bytes) else value.encode())
    with pytest.raises(RefusedError, match=name) as refused:
        rendered()
    assert "q7Zx" not in str(refused.value)


def command(secrets: Path, output: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alertmanager.render", str(secrets), str(output)],
        cwd=SOURCE.parent,
        env={**os.environ, **SANDBOX, **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_command_tells_which_channels_are_on(secrets: Path, tmp_path: Path) -> None:
    (secrets / "smtp_password").write_text(" \n", encoding="utf-8")
    assert command(secrets, tmp_path).stdout.splitlines() == [
        "slack_webhook_url      on",
        "pagerduty_routing_key  on",
        "smtp_password          off: its file is empty",
        "heartbeat_url          on",
    ]


def test_bad_setting_and_missing_secret_end_the_command_and_leave_the_old_configuration(
    secrets: Path, tmp_path: Path
) -> None:
    assert command(secrets, tmp_path).returncode == 0
    before = (tmp_path / "alertmanager.yml").read_bytes()
    bad = command(secrets, tmp_path, SMTP_SMARTHOST="other.example:25", ALERT_EMAIL_TO="oncall")
    (secrets / "smtp_password").unlink()
    missing = command(secrets, tmp_path, SMTP_SMARTHOST="other.example:25")
    assert (bad.returncode, missing.returncode) == (1, 1)
    assert "was not written. ALERT_EMAIL_TO is 'oncall'; expected" in bad.stderr
    assert "smtp_password'. Run make up, which makes missing secrets." in missing.stderr
    assert "Traceback" not in bad.stderr + missing.stderr
    assert (tmp_path / "alertmanager.yml").read_bytes() == before
