"""Files in targets/ on the running stack: what lies outside its networks is watched, and a bad file is refused."""

import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.support.alertmanager import TAKEN_AWAY_SECONDS, silence
from tests.support.prometheus import Prometheus
from tests.support.serving import serving
from tests.support.stack import ROOT, CommandError, outside, run
from tests.support.wait import eventually

pytestmark = pytest.mark.alone

GOOD = """- targets: ["{address}"]
  labels: {{application: shop, service: shop-search}}
- targets: ["{address}"]
  labels: {{application: shop, service: shop-search, probe: http, path: /anything}}
- targets: ["{address}"]
  labels: {{application: shop, service: shop-search, probe: tcp}}
"""
Write = Callable[[str], None]


def put(file: Path, text: str) -> None:
    """Whole at once: Prometheus would take a file that it sees while it is written for one without targets."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.replace(file)


class Exporter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"planted_searches_total 3\n")

    def log_message(self, *_: object) -> None:
        """The test's output is no place for it."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A program on the host: outside the stack's networks, as another machine is."""
    with serving(Exporter, outside()) as address:
        yield address


@pytest.fixture
def write() -> Iterator[Write]:
    file = ROOT / "targets" / "planted.yml"

    def write(text: str) -> None:
        put(file, text)

    yield write
    silence(TAKEN_AWAY_SECONDS, 'application="shop"')
    file.unlink()


def make_targets() -> str:
    return run(sys.executable, "-m", "ops", "targets", timeout=120)


def refusal() -> str:
    """What it says when it fails; nothing when it doesn't."""
    try:
        make_targets()
    except CommandError as error:
        return str(error)
    return ""


def has(prometheus: Prometheus, expression: str, value: float) -> None:
    eventually(
        lambda: [sample.value for sample in prometheus.query(expression)], expression, 60, until=lambda v: v == [value]
    )


def test_a_file_of_targets_is_watched_and_a_bad_one_beside_it_refused(
    write: Write, address: str, prometheus: Prometheus
) -> None:
    write(GOOD.format(address=address))
    has(prometheus, 'planted_searches_total{job="shop-search",application="shop",service="shop-search"}', 3)
    probe = 'probe_success{job="blackbox",application="shop",service="shop-search"'
    has(prometheus, f'{probe},probe="http",instance="http://{address}/anything"}}', 1)
    has(prometheus, f'{probe},probe="tcp",instance="{address}"}}', 1)
    said = make_targets()
    assert [line.split()[:3] for line in said.splitlines() if "planted.yml" in line] == [
        ["planted.yml", "shop", "shop-search"]
    ] * 3

    write(GOOD.format(address=address).replace("labels", "lables"))
    assert "planted.yml" in (text := refusal())
    assert "line 2: field lables not found" in text
    eventually(lambda: prometheus.query('ALERTS{alertname="TargetsRefused"}'), "TargetsRefused to begin", 60)
    has(prometheus, f'up{{job="shop-search",instance="{address}"}}', 1)

    write(GOOD.format(address=address).replace(", service: shop-search", "", 1))
    lacks = f"planted.yml:1: {address} isn't watched: it has no label service"
    eventually(refusal, "make targets to refuse the target", 30, until=lambda text: lacks in text)


@pytest.fixture
def folders() -> Iterator[Callable[[str, str], None]]:
    """Writes further files of users, which are gone again at the end."""
    written = []

    def write(name: str, text: str) -> None:
        file = ROOT / name
        written.append(file)
        put(file, text)

    yield write
    for file in written:
        file.unlink()


def test_no_bad_file_hides_another_one_or_a_target(
    folders: Callable[[str, str], None], write: Write, address: str
) -> None:
    write(GOOD.format(address=address) + GOOD.format(address="other.example:1").replace("shop,", "sh op,"))
    eventually(refusal, "a target", 30, until=lambda text: "isn't watched: its label application is 'sh op'" in text)
    folders("targets/planted-url.yml", '# a URL\n- targets: ["http://localhost:1/x"]\n')
    folders("targets/planted-label.yml", GOOD.format(address=address).replace("labels", "lables"))
    folders("targets/planted.yaml", "[]\n")
    folders("applications/planted-crm.toml", "[routes]\n")
    folders("applications/planted-shop.toml", "[limits]\n")
    folders("applications/planted.tml", "")
    said = refusal()
    for text in (
        "applications/planted-crm.toml:1: unknown 'routes'",
        "applications/planted-shop.toml:1: unknown 'limits'",
        "line 2: field lables not found",
        "targets/planted-url.yml:2: found 'http://localhost:1/x'; expected host:port.",
        "targets/planted.yaml is not read: expected a file whose name ends with .yml.",
        "applications/planted.tml is not read: expected a file whose name ends with .toml.",
        "planted.yml:7: other.example:1 isn't watched: its label application is 'sh op'",
    ):
        assert text in said
    assert f"shop-search  {address}" in said
