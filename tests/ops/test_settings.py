"""Every bad setting ends with a sentence that names it and what was expected."""

import json
import re
from pathlib import Path

import pytest

from ops.console import OpsError
from ops.settings import defaults, load, read_env_file
from ops.stack import Stack
from tests.support.stack import ROOT, run

SANDBOX = ["sample", "sandbox", "shoppers"]
PRODUCTION = "ENV=production\nPAYMENT_API_URL=https://pay.example\nSHIPPING_API_URL=https://ship.example\n"


def write(root: Path, text: str) -> None:
    (root / ".env").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("ERP_PORT=eighty", "ERP_PORT='eighty': expected a port number"),
        ("ERP_PORT=70000", "ERP_PORT='70000': expected a port number"),
        ("ERP_PORT=8²", "ERP_PORT='8²': expected a port number"),
        ("ERP_PORT=٨٠٠١", "ERP_PORT='٨٠٠١': expected a port number"),
        ("ERP_PORT=9090", "PROMETHEUS_PORT and ERP_PORT are both 9090"),
        ("BIND=localhost", "BIND='localhost': expected an IP address"),
        ("ENV=prod", "ENV='prod': expected one of sandbox, staging, production"),
        ("VERSION=feature/x", "VERSION='feature/x': expected what a tag of an image can be"),
        ("VERSION=", "VERSION='': expected what a tag of an image can be"),
        ("IMAGE_SOURCE=ghcr", "IMAGE_SOURCE='ghcr': expected one of auto, official, local"),
        ("TRACING=yes", "TRACING='yes': expected on or off"),
        ("STORAGE_URL=s3.example.com", "STORAGE_URL='s3.example.com': expected https://HOST or http://HOST:PORT"),
        ("STORAGE_URL=https://s3.example.com/", "STORAGE_URL='https://s3.example.com/': expected https://HOST"),
        ("STORAGE_URL=https://key@s3.example.com", "STORAGE_URL='https://key@s3.example.com': expected https://HOST"),
        ("STORAGE_URL=http://localhost:9000", "'http://localhost:9000': expected https://HOST or http://HOST:PORT as"),
        ("STORAGE_URL=http://storage:8333", "STORAGE_URL='http://storage:8333': expected https://HOST"),
        ("STORAGE_REGION=", "STORAGE_REGION='': expected a region's name such as eu-central-1"),
        ("STORAGE_LOGS_BUCKET=Logs", "STORAGE_LOGS_BUCKET='Logs': expected a bucket's name"),
        ("STORAGE_LOGS_BUCKET=metrics", "STORAGE_METRICS_BUCKET and STORAGE_LOGS_BUCKET are both metrics"),
        ("STORAGE_PATH_STYLE=false", "STORAGE_PATH_STYLE=false is for storage of your own"),
        ("TRACES_RETENTION=14d", "TRACES_RETENTION='14d': expected a number of hours such as 336h"),
        ("TRACE_SLOW_SECONDS=1s", "TRACE_SLOW_SECONDS='1s': expected a number of seconds such as 1 or 0.5"),
        ("OTEL_TRACES_SAMPLER_ARG=2", "OTEL_TRACES_SAMPLER_ARG='2': expected a share from 0 to 1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=jaeger", "OTEL_EXPORTER_OTLP_ENDPOINT='jaeger': expected a URL"),
        ("SENTRY_DSN=nonsense", "SENTRY_DSN='nonsense': expected https://KEY@HOST/PROJECT"),
        ("SENTRY_DSN=https://key@host:port/1", "SENTRY_DSN='https://key@host:port/1': expected https://KEY@HOST"),
        ("TRACKER_KEPT_DAYS=x", "TRACKER_KEPT_DAYS='x': expected a whole number"),
        ("BASE_URL_GRAFANA=foo", "BASE_URL_GRAFANA='foo': expected a URL"),
        ("ALERT_EMAIL_TO=nobody", "ALERT_EMAIL_TO='nobody': expected mail addresses"),
        ("SMTP_SMARTHOST=nohost", "SMTP_SMARTHOST='nohost': expected host and port"),
        ("SMTP_REQUIRE_TLS=yes", "SMTP_REQUIRE_TLS='yes': expected true or false"),
        ("WEB_CONCURRENCY=0", "WEB_CONCURRENCY='0': expected a whole number"),
        ("METRICS_RETENTION=-3d", "METRICS_RETENTION='-3d': expected a duration"),
        ("METRICS_RETENTION_SIZE=8", "METRICS_RETENTION_SIZE='8': expected a size"),
        ("BUSINESS_TIMEZONE=Europe/Berlni", "BUSINESS_TIMEZONE='Europe/Berlni': found no such zone"),
        ("BUSINESS_TIMEZONE=../zoneinfo/UTC", "BUSINESS_TIMEZONE='../zoneinfo/UTC': found no such zone"),
        ("ALERT_EMAIL_TO=on$call@erp.example", "found $call, which names a variable that isn't set; expected $$"),
        ("PROJECT=Staging 2", "PROJECT='Staging 2': expected small letters"),
        ("PORT_OFFSET=-1", "PORT_OFFSET='-1': expected a number"),
        ("PORT_OFFSET=60000", "ERP_PORT=8000 and PORT_OFFSET=60000 make 68000: expected at most 65535"),
        ("ERP_PROT=8001", "ERP_PROT, which is no setting"),
        ("just words", "found 'just words', expected NAME=value"),
        ('SMTP_FROM="alerts@erp.example', "unterminated quoted value"),
        ("ENV=production", "ENV=production needs PAYMENT_API_URL"),
        (PRODUCTION + "SMTP_SMARTHOST=mailpit:1025", "SMTP_SMARTHOST points at 'mailpit'"),
        (PRODUCTION + "PAGERDUTY_URL=http://inbox:8095/v2/enqueue", "PAGERDUTY_URL points at 'inbox'"),
        (PRODUCTION + "BIND=0.0.0.0", "ENV=production with BIND=0.0.0.0 opens pages without log-in"),
        ("GATEWAY=yes", "GATEWAY='yes': expected on or off"),
        ("GATEWAY_HOST=gateway", "GATEWAY_HOST='gateway': expected a host name"),
        ("GATEWAY_TLS=acme", "GATEWAY_TLS=acme with GATEWAY_HOST='localhost': expected a public host name"),
        ("GATEWAY_TLS=acme\nGATEWAY_HOST=192.0.2.7", "GATEWAY_TLS=acme with GATEWAY_HOST='192.0.2.7'"),
    ],
)
def test_bad_setting_is_named(root: Path, line: str, named: str) -> None:
    write(root, line)
    with pytest.raises(OpsError) as caught:
        load(root)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "oncall@erp.example # the team",
        "oncall@erp.example#team",
        "p$$wd",
        "'p$wd'",
        "$HOME/x",
        r'"a \"word\" and \n"',
    ],
)
def test_a_value_means_what_it_means_to_compose(root: Path, value: str) -> None:
    write(root, f"export CSRF_TRUSTED_ORIGINS={value}\n")
    filled = {"services": {"any": {"image": "none", "environment": {"FOUND": "${CSRF_TRUSTED_ORIGINS}"}}}}
    (root / "compose.yaml").write_text(json.dumps(filled), encoding="utf-8")
    directory = ("--project-directory", str(root))
    model = json.loads(run("docker", "compose", *directory, "config", "--format", "json"))
    expected = model["services"]["any"]["environment"]["FOUND"].replace("$$", "$")
    assert load(root)["CSRF_TRUSTED_ORIGINS"] == expected


def test_what_ops_hands_to_compose_is_read_no_second_time(root: Path) -> None:
    write(root, "ALERT_EMAIL_TO='a$HOME@erp.example # x'\n")
    model = Stack(load(root), "official").model
    environment = model["services"]["alertmanager-config"]["environment"]
    assert environment["ALERT_EMAIL_TO"] == "a$$HOME@erp.example # x"


def test_the_defaults_are_those_that_compose_reads(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    every = tmp_path / ".env"
    every.write_text(re.sub(r"^#(?=[A-Z][A-Z0-9_]*=)(?!SENTRY_DSN)", "", text, flags=re.MULTILINE), encoding="utf-8")
    assert defaults() == read_env_file(every)


@pytest.mark.parametrize("changed", ["TRACING=on", "PROJECT=second", "GATEWAY=on", "GRAFANA_PORT=3001", "BIND=::1"])
def test_a_copy_of_the_example_means_what_its_changed_line_alone_means(root: Path, changed: str) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    name = changed.split("=")[0]
    write(root, f"{changed}\n")
    alone = Stack(load(root), "official").variables
    write(root, re.sub(rf"^{name}=.*$", changed, text, flags=re.MULTILINE))
    assert Stack(load(root), "official").variables == alone


def test_a_folder_in_the_place_of_the_file_is_refused(root: Path) -> None:
    (root / ".env").mkdir()
    with pytest.raises(OpsError, match=r"\.env is a folder; expected a file"):
        load(root)


def test_ports_are_published_on_an_address_of_version_6(root: Path) -> None:
    write(root, "BIND=::1\n")
    settings = load(root)
    published = Stack(settings, "official").model["services"]["prometheus"]["ports"]
    assert [(each["host_ip"], each["published"]) for each in published] == [("::1", "9090")]
    assert settings.host == "[::1]"


def test_without_docker_a_file_of_settings_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    assert load(root)["ERP_PORT"] == "8000"
    write(root, "ERP_PORT=8001\n")
    with pytest.raises(OpsError, match="is read by `docker compose`, and no docker is here"):
        load(root)


@pytest.mark.parametrize(
    ("line", "url", "runbooks"),
    [
        ("PROMETHEUS_PORT=9091", "http://localhost:9091", "http://localhost:9091/user"),
        (
            "PROMETHEUS_PORT=9091\nBASE_URL_PROMETHEUS=https://metrics.example",
            "https://metrics.example",
            "http://localhost:9091/user",
        ),
        ("BASE_URL_RUNBOOKS=https://wiki.example", "http://localhost:9090", "https://wiki.example"),
    ],
)
def test_a_default_address_has_the_port_that_is_set(root: Path, line: str, url: str, runbooks: str) -> None:
    write(root, line)
    variables = Stack(load(root), "official").variables
    assert (variables["BASE_URL_PROMETHEUS"], variables["BASE_URL_RUNBOOKS"]) == (url, runbooks)


def test_environment_wins_over_file_and_file_over_default(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "ERP_PORT=8001\nLOKI_PORT=3101\n")
    monkeypatch.setenv("ERP_PORT", "8002")
    settings = load(root)
    assert (settings["ERP_PORT"], settings["LOKI_PORT"], settings["INBOX_PORT"]) == ("8002", "3101", "8095")


def test_production_defaults_are_the_real_receivers(root: Path) -> None:
    write(root, PRODUCTION)
    settings = load(root)
    assert settings["PAGERDUTY_URL"].startswith("https://")
    assert settings["SMTP_REQUIRE_TLS"] == "true"


def test_mail_addresses_that_production_lacks_are_no_sandbox_addresses(root: Path) -> None:
    write(root, PRODUCTION)
    renderer = Stack(load(root), "official").model["services"]["alertmanager-config"]
    names = ("SMTP_SMARTHOST", "SMTP_FROM", "ALERT_EMAIL_TO")
    assert {name: renderer["environment"][name] for name in names} == dict.fromkeys(names, "")


@pytest.mark.parametrize(
    ("text", "endpoint", "profiles"),
    [
        ("", "", SANDBOX),
        ("TRACING=on", "http://jaeger:4318", [*SANDBOX, "tracing"]),
        ("TRACING=on\nOTEL_EXPORTER_OTLP_ENDPOINT=http://own:4318", "http://own:4318", [*SANDBOX, "tracing"]),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=http://own:4318", "http://own:4318", SANDBOX),
        (PRODUCTION, "", ["sample"]),
        (PRODUCTION + "TRACING=on", "http://jaeger:4318", ["sample", "tracing"]),
    ],
)
def test_tracing_starts_the_store_and_sends_there(root: Path, text: str, endpoint: str, profiles: list[str]) -> None:
    write(root, text)
    settings = load(root)
    assert (settings["OTEL_EXPORTER_OTLP_ENDPOINT"], settings.profiles) == (endpoint, profiles)
    # Only Jaeger keeps and drops parts of traces; another collector would store all of them.
    decides = Stack(settings, "official").variables["TRACE_WHOLE"]
    assert decides == ("true" if endpoint == "http://jaeger:4318" else "false")


@pytest.mark.parametrize(
    ("text", "profiles", "ports"),
    [
        ("SAMPLE=off", ["sandbox"], {"inbox", "mailpit"}),
        ("SAMPLE=off\nENV=production", [], set()),
    ],
)
def test_without_the_sample_neither_it_nor_its_shoppers_run(
    root: Path, text: str, profiles: list[str], ports: set[str]
) -> None:
    write(root, text)
    settings = load(root)
    assert settings.profiles == profiles
    assert settings.ports.keys() == {"grafana", "prometheus", "alertmanager", "loki", "bugsink", *ports}
    assert set(Stack(settings, "official").model["services"]) & settings.absent == set()


@pytest.mark.parametrize(
    ("text", "open_ports"),
    [
        ("", set()),
        ("BIND=192.0.2.7", None),
        ("GATEWAY=on", set()),
        ("GATEWAY=on\nBIND=192.0.2.7", {"8443"}),
        (PRODUCTION + "GATEWAY=on\nBIND=192.0.2.7", {"8443"}),
    ],
)
def test_with_a_gateway_only_its_port_is_open(root: Path, text: str, open_ports: set[str] | None) -> None:
    write(root, text)
    settings = load(root)
    services = Stack(settings, "official").model["services"].values()
    ports = [port for service in services for port in service.get("ports", [])]
    found = {port["published"] for port in ports if port["host_ip"] != "127.0.0.1"}
    assert found == (open_ports if open_ports is not None else {port["published"] for port in ports})
    assert ("8443" in {port["published"] for port in ports}) is (settings["GATEWAY"] == "on")
    assert settings.host == ("127.0.0.1" if settings["GATEWAY"] == "on" else settings["BIND"])
