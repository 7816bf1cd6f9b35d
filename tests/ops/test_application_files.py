"""The files in applications/: what is written for Prometheus and Alertmanager, and what is refused, with its line."""

import json
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from alertmanager import checks
from ops import application_files
from ops.console import OpsError
from ops.paths import ROOT

README = ROOT / "applications" / "README.md"
RULE = """\
      - record: application:alert_threshold:own
        expr: vector(0.1)
        labels: {application: "shop", alert: HttpErrorRatioHigh, severity: critical}
"""
Put = Callable[[str], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with two alerts that have a threshold, and the secrets of the application shop."""
    for folder in ("applications", "alertmanager", "prometheus/rules/own", "secrets/applications"):
        (tmp_path / folder).mkdir(parents=True)
    tiers = [
        ("HttpErrorRatioHigh", "critical"),
        ("PostgresConnections", "warning"),
        ("PostgresConnections", "critical"),
    ]
    read = [f'application:alert_threshold:own{{alert="{alert}",severity="{tier}"}}' for alert, tier in tiers]
    (tmp_path / "prometheus" / "rules" / "some.yml").write_text("\n".join(read), encoding="utf-8")
    for name in ("applications/shop_slack_webhook_url", "applications/shop_pagerduty_routing_key", "smtp_password"):
        value = "https://hooks.example/T1/B1" if "url" in name else "value"
        (tmp_path / "secrets" / name).write_text(f"{value}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def put(root: Path) -> Put:
    def put(text: str) -> None:
        (root / "applications" / "shop.toml").write_text(text, encoding="utf-8")

    return put


def take_over(root: Path) -> None:
    application_files.take_over(root, root / "secrets")


def refusal(root: Path) -> str:
    with pytest.raises(OpsError) as refused:
        take_over(root)
    return str(refused.value)


def test_the_readme_s_example_is_taken(root: Path, put: Put) -> None:
    (example,) = re.findall(r"```toml shop\.toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    put(example)
    take_over(root)
    rules = (root / "prometheus/rules/own/thresholds.yml").read_text(encoding="utf-8")
    assert RULE in rules
    assert rules.count("- record:") == 3
    assert json.loads((root / "alertmanager/own/routing.json").read_text(encoding="utf-8")) == {
        "shop": {"env": "production", "slack": True, "pagerduty": True, "email": "shop-oncall@shop.example"}
    }
    assert application_files.thresholds(ROOT) >= application_files.thresholds(root)


def test_what_is_written_is_readable_for_the_programs_and_so_is_a_secret(root: Path, put: Put) -> None:
    put("[thresholds.HttpErrorRatioHigh]\ncritical = 1\n[routing]\nslack = true\n")
    secret = root / "secrets/applications/shop_slack_webhook_url"
    secret.chmod(0o600)
    take_over(root)
    files = ("prometheus/rules/own/thresholds.yml", "alertmanager/own/routing.json")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (*(root / file for file in files), secret)]
    assert modes == [0o644, 0o644, 0o444]


def test_a_file_that_is_removed_takes_away_what_was_written(root: Path, put: Put) -> None:
    put("[thresholds.HttpErrorRatioHigh]\ncritical = 0.1\n[routing]\nslack = true\n")
    take_over(root)
    (root / "applications" / "shop.toml").unlink()
    take_over(root)
    assert not (root / "prometheus/rules/own/thresholds.yml").exists()
    assert not (root / "alertmanager/own/routing.json").exists()


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("[routing]\nslack =\n", 2, "Invalid value; expected TOML"),
        ("[routing]\nslack = true\nslack = true\n", 3, "Cannot overwrite a value; expected TOML"),
        ("[routes]\n", 1, "unknown 'routes'; expected thresholds, routing"),
        ("thresholds = 1\n", 1, "thresholds is 1; expected a table"),
        (
            "\n[thresholds.HttpErorRatioHigh]\ncritical = 0.1\n",
            2,
            "HttpErorRatioHigh has no threshold to set; docs/reference/thresholds.md lists those that have one",
        ),
        ("[thresholds]\nHttpErrorRatioHigh = 0.1\n", 2, "HttpErrorRatioHigh is 0.1; expected a table"),
        ("[thresholds.HttpErrorRatioHigh]\nwarning = 0.1\n", 2, "unknown 'warning'; expected critical"),
        *(
            (
                "[thresholds.HttpErrorRatioHigh]\ncritical = 0.1\n"
                f"[thresholds.PostgresConnections]\ncritical = {value}\n",
                4,
                f"PostgresConnections's critical is {shown}; expected a number above 0",
            )
            for value, shown in (("0", "0"), ("-1", "-1"), ("nan", "nan"), ("true", "True"), ('"0.9"', "'0.9'"))
        ),
        ('[routing]\nenv = "production"\n', 1, "routing names no channel; expected slack, pagerduty or email"),
        ("[routing]\npager = true\n", 2, "unknown 'pager'; expected env, slack, pagerduty, email"),
        ("[routing]\nslack = false\n", 2, "slack is False; expected true, or no such line"),
        ('[routing]\nslack = true\nenv = "a b"\n', 3, "env is 'a b'; expected an environment such as production"),
        *(
            (f"[routing]\nemail = {value}\n", 2, "expected one address such as a@shop.example")
            for value in ('"oncall"', '"a@b.example, c@d.example"', "3", '"{{ x }}@b.example"')
        ),
    ],
)
def test_what_cannot_work_is_refused_with_file_and_line_and_nothing_is_written(
    text: str, line: int, sentence: str, root: Path, put: Put
) -> None:
    put(text)
    said = refusal(root)
    assert said.startswith(f"applications/shop.toml:{line}: ")
    assert sentence in said
    assert not (root / "alertmanager/own/routing.json").exists()


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("slack = true", "applications/shop_slack_webhook_url"),
        ("pagerduty = true", "applications/shop_pagerduty_routing_key"),
        ('email = "a@shop.example"', "smtp_password"),
    ],
)
def test_a_channel_without_its_secret_is_refused(channel: str, name: str, root: Path, put: Put) -> None:
    put(f"[routing]\n{channel}\n")
    secret = root / "secrets" / name
    secret.write_text(" \n", encoding="utf-8")
    assert f"shop.toml:2: {channel.split()[0]} needs the secret {secret}, which is empty" in refusal(root)
    secret.unlink()
    assert "which isn't there; expected the file with its value" in refusal(root)


@pytest.mark.parametrize(
    ("channel", "name", "found", "expected"),
    [
        (
            "slack = true",
            "shop_slack_webhook_url",
            "http://exa mple\nhttp://exa mple",
            "one line such as https://host/path",
        ),
        ("slack = true", "shop_slack_webhook_url", "hooks.example/T1", "one line such as https://host/path"),
        ("pagerduty = true", "shop_pagerduty_routing_key", "one\ntwo", "the letters and digits of an Events API v2"),
        ('email = "a@shop.example"', "../smtp_password", "one\ntwo", "one line"),
    ],
)
def test_a_secret_that_alertmanager_s_renderer_would_refuse_is_refused_here(
    channel: str, name: str, found: str, expected: str, root: Path, put: Put
) -> None:
    put(f"[routing]\n{channel}\n")
    (root / "secrets/applications" / name).write_text(f"{found}\n", encoding="utf-8")
    said = refusal(root)
    assert said.startswith(f"applications/shop.toml:2: {channel.split()[0]} needs the secret {root}/secrets/")
    assert f"which can't work; expected {expected}" in said
    assert "exa mple" not in said  # a secret is shown nowhere
    with pytest.raises(checks.RefusedError):
        checks.check(Path(name).name, {Path(name).name: found, "ENV": "sandbox"})
    assert not (root / "alertmanager/own/routing.json").exists()


def test_a_name_that_can_be_no_label_and_a_file_that_is_no_text_are_refused(root: Path) -> None:
    odd = root / "applications" / 'a"b.toml'
    odd.write_text("", encoding="utf-8")
    assert "'a\"b' is no application's name" in refusal(root)
    odd.unlink()
    (root / "applications" / "shop.toml").write_bytes(b"\xff\xfe")
    assert "shop.toml:1: it can't be read (UnicodeDecodeError)" in refusal(root)
