"""The gateway from outside: what other hosts push, who logs in, and that nothing secret is written down.

With a Prometheus, a Loki and an Alertmanager of its own, from the stack's files and images: the stack goes on.
"""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from gateway.tests.bodies import lines, remote_write
from tests.support import apart, boards, stack
from tests.support.alertmanager import Alertmanager
from tests.support.apart import Apart
from tests.support.boards import PanelQuery
from tests.support.loki import Loki
from tests.support.other_host import authority_of_the_gateway
from tests.support.panels import NO_GATEWAY, OPTIONAL, Direct, nowhere, numbers
from tests.support.ports import free_port
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

PROJECT = "erp-gateway-test"
SERVICES = ("gateway", "gateway-guard", "prometheus", "loki", "alertmanager", "socket-proxy", "inbox")
# The gateway keeps its labels: by the name in them this project's Prometheus finds it, and the stack's doesn't.
UNLABELLED = [name for name in SERVICES if not name.startswith("gateway")]
OVERLAY = "services:\n" + "".join(f"  {name}: {{labels: !reset null}}\n" for name in UNLABELLED)
PORTS = ("GATEWAY_PORT", "PROMETHEUS_PORT", "LOKI_PORT", "ALERTMANAGER_PORT", "INBOX_PORT")
PROTOBUF = "application/x-protobuf"
OWN = {"host": "web-2", "application": "shop"}
QUERY_SECRET = "a-secret-in-a-query"
[ROW] = [panel for panel in boards.panels_of(boards.load_boards()["infrastructure"]) if panel["title"] == "The gateway"]
PANELS = [query.filled(boards.built_in()) for query in boards.panel_queries({"uid": "infrastructure", **ROW})]
pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Gateway:
    project: Apart
    base: str
    root: str
    token: str
    passwords: dict[str, str]
    prometheus: Prometheus
    loki: Loki
    alertmanager: Alertmanager

    def push(self, signal: str, body: bytes, *, token: str | None = None, kind: str = PROTOBUF) -> requests.Response:
        token = self.token if token is None else token
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        return requests.post(f"{self.base}/push/{signal}", body, headers=headers, verify=self.root, timeout=30)

    def ask(self, method: str, path: str, user: str = "", *, body: object = None) -> requests.Response:
        auth = (user, self.passwords.get(user, "wrong")) if user else None
        return requests.request(method, f"{self.base}{path}", auth=auth, json=body, verify=self.root, timeout=30)

    def count(self, door: str, reason: str, host: str = "") -> float:
        page = self.project.compose("exec", "-T", "gateway", "wget", "-q", "-O-", "http://gateway-guard:8080/metrics")
        wanted = f'gateway_refusals_total{{door="{door}",host="{host}",reason="{reason}"}} '
        return float(next(line for line in page.splitlines() if line.startswith(wanted)).removeprefix(wanted))


def made(secrets: Path, file: Path, *command: str) -> str:
    """What a command of ops puts into a file."""
    env = {"SECRETS_DIR": str(secrets), "GATEWAY": "on"}
    stack.run(sys.executable, "-m", "ops", *command, str(file), env=env)
    return file.read_text(encoding="utf-8").strip()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    secrets = folder / "secrets"
    stack.ensure_up()
    shutil.copytree(stack.ROOT / "secrets", secrets)
    for name in ("gateway_users", "gateway_agents"):
        (secrets / name).unlink(missing_ok=True)
        (secrets / name).touch(mode=0o444)
    token = made(secrets, folder / "token", "agent-token", "web-2", "shop,crm")
    passwords = {role: made(secrets, folder / role, "gateway-user", role, role) for role in ("viewer", "operator")}
    ports = {name: str(free_port()) for name in PORTS}
    settings = ports | {"PROJECT": PROJECT, "PORT_OFFSET": "0", "SECRETS_DIR": str(secrets)}
    settings |= {"GATEWAY": "on", "GATEWAY_HOST": "localhost"}
    with apart.running(PROJECT, OVERLAY, *SERVICES, ports=settings) as project:
        root = authority_of_the_gateway(project.compose, folder)
        yield Gateway(
            project,
            f"https://localhost:{ports['GATEWAY_PORT']}",
            str(root),
            token,
            passwords,
            Prometheus(f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}"),
            Loki(f"http://127.0.0.1:{ports['LOKI_PORT']}"),
            Alertmanager(f"http://127.0.0.1:{ports['ALERTMANAGER_PORT']}"),
        )


def test_every_sample_of_a_push_arrives_also_hours_late(gateway: Gateway) -> None:
    series = [(OWN | {"__name__": "gateway_test", "number": str(number)}, float(number)) for number in range(500)]
    now = time.time()
    for at in (now, now - 2.5 * 3600):
        answer = gateway.push("metrics", remote_write(*series, at=at))
        assert answer.status_code == 204, answer.text
    counted = 'count(count_over_time(gateway_test{host="web-2",application="shop"}[3h]) == 2)'
    assert eventually(lambda: gateway.prometheus.value(counted), "the samples", 20) == 500
    assert gateway.prometheus.value("sum(gateway_test)") == sum(range(500))


@pytest.mark.parametrize("kind", [PROTOBUF, "application/json"])
def test_every_line_of_a_push_arrives(gateway: Gateway, kind: str) -> None:
    labels = OWN | {"env": "test", "service": kind.partition("/")[2], "level": "INFO", "stream": "stdout"}
    texts = [f"line {number}" for number in range(200)]
    if kind == PROTOBUF:
        selector = ", ".join(f'{name}="{value}"' for name, value in labels.items())
        body = lines(f"{{{selector}}}", *texts)
    else:
        values = [[str(time.time_ns() + number), text] for number, text in enumerate(texts)]
        body = json.dumps({"streams": [{"stream": labels, "values": values}]}).encode()
    answer = gateway.push("logs", body, kind=kind)
    assert answer.status_code == 204, answer.text
    query = f'{{host="web-2", service="{labels["service"]}"}}'
    found = eventually(lambda: gateway.loki.entries(query), "the lines", 20)
    assert [entry.line for entry in found] == texts
    assert found[0].labels == labels


@pytest.mark.parametrize(
    ("token", "changed", "status", "reason"),
    [
        ("", {}, 401, "no_token"),
        ("wrong", {}, 401, "unknown_token"),
        (None, {"host": "web-3"}, 403, "other_host"),
        (None, {"application": "erp"}, 403, "other_application"),
    ],
)
def test_what_isnt_its_own_is_refused_counted_and_written_nowhere(
    gateway: Gateway, token: str | None, changed: dict[str, str], status: int, reason: str
) -> None:
    labels = OWN | {"__name__": "gateway_refused", "reason": reason} | changed
    host = "" if status == 401 else "web-2"
    before = gateway.count("push", reason, host)
    metrics = gateway.push(
        "metrics", remote_write((OWN | {"__name__": "gateway_refused"}, 1), (labels, 1)), token=token
    )
    selector = f'{{host="{labels["host"]}", application="{labels["application"]}", service="refused"}}'
    logs = gateway.push("logs", lines(selector, "a refused line"), token=token)
    assert (metrics.status_code, logs.status_code) == (status, status)
    for value in changed.values():
        assert value in metrics.text
        assert value in logs.text
    assert gateway.count("push", reason, host) == before + 2
    assert gateway.prometheus.query("gateway_refused") == []
    assert gateway.loki.entries('{service="refused"}') == []


def test_prometheus_own_refusal_reaches_the_agent(gateway: Gateway) -> None:
    body = remote_write((OWN | {"__name__": "gateway_test_late"}, 1), at=time.time() - 86400)
    gateway.push("metrics", remote_write((OWN | {"__name__": "gateway_test_late"}, 1)))
    answer = gateway.push("metrics", body)
    assert answer.status_code == 400
    assert "too old" in answer.text or "out of bounds" in answer.text


def test_a_large_push_is_refused(gateway: Gateway) -> None:
    headers = {"Authorization": f"Bearer {gateway.token}", "Content-Type": PROTOBUF}
    with requests.Session() as session:
        session.verify = gateway.root
        request = requests.Request("POST", f"{gateway.base}/push/metrics", headers=headers, data=b"").prepare()
        request.headers["Content-Length"] = str(5_000_000)
        assert session.send(request, timeout=30).status_code == 413


def silence() -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "matchers": [{"name": "alertname", "value": "GatewayTest", "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=5)).isoformat(),
        "createdBy": "test",
        "comment": "test",
    }


def test_a_viewer_reads_and_an_operator_silences(gateway: Gateway) -> None:
    nobody = gateway.ask("GET", "/prometheus/api/v1/query?query=up")
    assert (nobody.status_code, nobody.headers["WWW-Authenticate"].partition(" ")[0]) == (401, "Basic")
    before = gateway.count("login", "wrong_password")
    assert gateway.ask("GET", "/prometheus/api/v1/query?query=up", "stranger").status_code == 401
    assert gateway.count("login", "wrong_password") == before + 1
    for path in (
        f"/prometheus/api/v1/query?query=up&token={QUERY_SECRET}",
        "/alertmanager/api/v2/alerts",
        "/loki/api/v1/labels",
        "/inbox/",
    ):
        answer = gateway.ask("GET", path, "viewer")
        assert answer.status_code == 200, (path, answer.text)
    before = gateway.count("login", "role")
    refused = gateway.ask("POST", "/alertmanager/api/v2/silences", "viewer", body=silence())
    assert (refused.status_code, "viewer" in refused.text) == (403, True)
    assert gateway.count("login", "role") == before + 1
    assert gateway.alertmanager.get("silences") == []
    passed = gateway.ask("POST", "/alertmanager/api/v2/silences", "operator", body=silence())
    assert passed.status_code == 200, passed.text
    assert [each["createdBy"] for each in gateway.alertmanager.get("silences")] == ["test"]


@pytest.mark.parametrize("path", ["/prometheus/api/v1/write", "/PROMETHEUS/api/v1/write", "/loki/api/v1/push"])
def test_nobody_writes_past_the_guard(gateway: Gateway, path: str) -> None:
    assert gateway.ask("POST", path, "operator", body={}).status_code == 403


@pytest.mark.parametrize("query", PANELS, ids=[query.name for query in PANELS])
def test_a_panel_of_its_row_shows_what_comes_and_nothing_by_another_name(gateway: Gateway, query: PanelQuery) -> None:
    answers = Direct(gateway.prometheus, gateway.loki)

    def drawn() -> list[float]:
        assert gateway.push("metrics", remote_write((OWN | {"__name__": "gateway_panel"}, 1))).status_code == 204
        assert gateway.push("metrics", b"", token="wrong").status_code == 401
        assert gateway.ask("GET", "/inbox/", "viewer").status_code == 200
        return [value for value in numbers(answers, query) if value > 0]

    eventually(drawn, f"data for {query.name}: {query.expression}", 60, interval=2)
    assert numbers(answers, nowhere(query)) == []


def test_the_panels_that_the_boards_excuse_without_a_gateway_are_those_of_its_row() -> None:
    assert {name for name, reason in OPTIONAL.items() if reason == NO_GATEWAY} == {query.name for query in PANELS}


def test_wrong_passwords_are_slowed_down_and_a_known_user_isnt(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/inbox/", "viewer").status_code == 200
    # All at once, because on a busy machine bcrypt is as slow as the limit.
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: gateway.ask("GET", "/inbox/", "guesser").status_code, range(20)))
    assert set(answers) == {401, 429}
    assert gateway.ask("GET", "/inbox/", "viewer").status_code == 200


def test_lines_say_who_asked_what_and_hold_no_secret(gateway: Gateway) -> None:
    """The last one of this file: it reads what the others have led to."""
    gateway.push("metrics", b"", token="an-unknown-token")
    gateway.ask("GET", f"/prometheus/api/v1/query?query=up&token={QUERY_SECRET}", "viewer")
    asked = [
        {"user": "viewer", "status": 200, "uri": "/prometheus/api/v1/query"},
        {"status": 401, "uri": "/push/metrics"},
    ]

    def written() -> list[str]:
        said = gateway.project.compose("logs", "--no-log-prefix", "--no-color", "gateway", "gateway-guard").splitlines()
        requested = [json.loads(line[line.index("{") :]) for line in said if '"handled request"' in line]
        found = [each | each["request"] for each in requested]
        assert [one for one in asked if not any(one.items() <= each.items() for each in found)] == []
        assert [line for line in said if '"unknown_token"' in line] != []
        return said

    text = "\n".join(eventually(written, "the lines of the requests", 20))
    secrets = (gateway.token, "an-unknown-token", QUERY_SECRET, *gateway.passwords.values(), '"Authorization"')
    assert [secret for secret in secrets if secret in text] == []
