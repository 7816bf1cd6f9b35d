"""Secrets are made once, survive everything, and a broken one is refused with a sentence."""

import json
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from ops import secrets
from ops.console import OpsError
from ops.settings import Settings
from tests.support.authority import Authority


@pytest.fixture
def made(tmp_path: Path, settings: Settings) -> Path:
    directory = tmp_path / "secrets"
    secrets.ensure(settings, directory)
    return directory


def content(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir() if path.is_file()}


def real(settings: Settings, **values: str) -> Settings:
    return Settings({**settings.values, "ENV": "production", **values}, settings.given)


def test_every_secret_is_made_with_the_right_modes(made: Path) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    names = {path.name for path in made.iterdir()} - {".complete", secrets.OF_APPLICATIONS}
    assert names == set(secrets.TABLE) | set(secrets.DERIVED) | set(secrets.GATEWAY | secrets.BEFORE | secrets.STORAGE)
    assert {stat.S_IMODE((made / name).stat().st_mode) for name in names} == {0o444}
    assert stat.S_IMODE((made / secrets.OF_APPLICATIONS).stat().st_mode) == 0o755


def test_a_second_run_changes_nothing(made: Path, settings: Settings) -> None:
    before = content(made)
    secrets.ensure(settings, made)
    assert content(made) == before


def test_two_checkouts_have_different_secrets(made: Path, tmp_path: Path, settings: Settings) -> None:
    secrets.ensure(settings, tmp_path / "other")
    same = {name for name in secrets.GENERATED if content(made)[name] == content(tmp_path / "other")[name]}
    assert same == set()


def test_an_interrupted_first_start_is_finished(made: Path, settings: Settings) -> None:
    before = content(made)
    (made / ".complete").unlink()
    (made / "redis_password").unlink()
    secrets.ensure(settings, made)
    after = content(made)
    assert len(after["redis_password"].strip()) == 32
    assert all(after[name] == before[name] for name in secrets.GENERATED if name != "redis_password")


@pytest.mark.parametrize("name", [name for name, secret in secrets.GATEWAY.items() if not secret.make])
def test_a_missing_file_of_the_gateway_is_made_empty(made: Path, settings: Settings, name: str) -> None:
    """A checkout that was started before there was a gateway has none of them."""
    (made / name).unlink()
    secrets.ensure(settings, made)
    assert content(made)[name] == ""


def test_a_certificate_of_ones_own_has_to_be_there_with_its_key(made: Path, settings: Settings, tmp_path: Path) -> None:
    files = Settings({**settings.values, "GATEWAY": "on", "GATEWAY_TLS": "files"}, {})
    with pytest.raises(OpsError, match="gateway_tls_cert"):
        secrets.ensure(files, made)
    for name in ("gateway_tls_cert", "gateway_tls_key"):
        secrets.write(made / name, "-----BEGIN CERTIFICATE-----")
    with pytest.raises(OpsError, match=r"can't be used together .*: expected a certificate with its chain"):
        secrets.ensure(files, made)
    first, second = ([tmp_path / f"{number}.{kind}" for kind in ("crt", "key")] for number in (1, 2))
    authority = Authority(tmp_path)
    for pair in (first, second):
        authority.issue("monitoring.test", *pair)
    for key, expected in ((second[1], pytest.raises(OpsError, match="KEY_VALUES_MISMATCH")), (first[1], nullcontext())):
        for name, path in zip(secrets.CERTIFICATE, (first[0], key), strict=True):
            secrets.write(made / name, path.read_text(encoding="utf-8").strip())
        with expected:
            secrets.ensure(files, made)


@pytest.mark.parametrize("name", secrets.TABLE)
def test_a_missing_secret_is_refused(made: Path, settings: Settings, name: str) -> None:
    (made / name).unlink()
    with pytest.raises(OpsError, match=f"{name} .* is missing"):
        secrets.ensure(settings, made)


@pytest.mark.parametrize("name", secrets.GENERATED)
def test_a_short_secret_is_refused(made: Path, settings: Settings, name: str) -> None:
    (made / name).unlink()
    (made / name).write_text("short", encoding="utf-8")
    with pytest.raises(OpsError, match=f"{name} .* is unusable: found"):
        secrets.ensure(settings, made)


@pytest.mark.parametrize("name", secrets.CHANNELS)
def test_an_empty_channel_is_no_error(made: Path, settings: Settings, name: str) -> None:
    (made / name).unlink()
    (made / name).write_text("", encoding="utf-8")
    secrets.ensure(settings, made)
    assert secrets.read(name, made) == ""


def test_an_unreadable_secret_is_refused(made: Path, settings: Settings) -> None:
    (made / "metrics_token").unlink()
    (made / "metrics_token").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OpsError, match="metrics_token can't be read"):
        secrets.ensure(settings, made)


def test_what_no_start_has_made_yet_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"metrics_token isn't there yet: the first `make up` makes it"):
        secrets.read("metrics_token", tmp_path)


def test_derived_files_follow_what_they_repeat(made: Path, settings: Settings) -> None:
    password = "a" * 32
    (made / "redis_password").unlink()
    (made / "redis_password").write_text(password, encoding="utf-8")
    secrets.ensure(settings, made)
    assert secrets.read("redis_conf", made) == f"requirepass {password}"
    assert json.loads(secrets.read("redis_exporter_passwords", made)) == {"redis://erp-redis:6379": password}


def test_dsn_is_the_bundled_trackers_unless_set_and_empty_is_off(made: Path, settings: Settings) -> None:
    key = secrets.read("bugsink_dsn_key", made)
    assert secrets.read("sentry_dsn", made) == f"http://{key}@bugsink:8000/1"
    for dsn in ("https://key@errors.example/7", ""):
        secrets.ensure(Settings(settings.values, {"SENTRY_DSN": dsn}), made)
        assert secrets.read("sentry_dsn", made) == dsn


def test_production_refuses_the_sandboxs_receivers(made: Path, settings: Settings) -> None:
    with pytest.raises(OpsError, match="still holds the sandbox's value"):
        secrets.ensure(real(settings), made)


def test_production_refuses_an_application_s_receiver_in_the_sandbox(tmp_path: Path, settings: Settings) -> None:
    directory = tmp_path / "production"
    with pytest.raises(OpsError):
        secrets.ensure(real(settings), directory)
    (directory / secrets.OF_APPLICATIONS / "shop_slack_webhook_url").write_text("http://inbox:8095/slack/shop\n")
    with pytest.raises(OpsError, match=r"runs no sandbox service, but .*shop_slack_webhook_url names one"):
        secrets.ensure(real(settings), directory)


def test_production_refuses_to_page_nobody(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(OpsError, match="would page nobody"):
        secrets.ensure(real(settings), tmp_path / "production")


def test_production_with_mail_needs_its_settings(tmp_path: Path, settings: Settings) -> None:
    directory = tmp_path / "production"
    with pytest.raises(OpsError):
        secrets.ensure(real(settings), directory)
    (directory / "smtp_password").unlink()
    (directory / "smtp_password").write_text("a mail password", encoding="utf-8")
    with pytest.raises(OpsError, match="SMTP_SMARTHOST isn't set"):
        secrets.ensure(real(settings, SMTP_SMARTHOST=""), directory)
    secrets.ensure(real(settings, SMTP_SMARTHOST="mail.example:587"), directory)
