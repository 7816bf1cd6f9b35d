"""Lines in, entries out: the labels are a contract, and no line is lost or changed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from loki.tests.server import Entry, Server
from promtail.tests.conftest import CONFIG, FORMATS, Ship, moved_config, promtail
from tests.support.erp import sum_samples
from tests.support.wait import eventually

LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "UNKNOWN"}
LABELS = {"application": "erp", "env": "sandbox", "stream": "stdout"}
POSTGRES = "2026-11-24 08:15:30.123 UTC [42]"
CASES = [
    ("erp-web", '{"level":"INFO","message":"x"}', "INFO"),
    ("erp-web", '{"level":"WARNING","message":"level=error [ERROR] in the text"}', "WARNING"),
    ("erp-worker", '{"level":"CRITICAL","message":"x"}', "CRITICAL"),
    ("erp-web", '{"level":"shouting","message":"not ours"}', "UNKNOWN"),
    ("erp-web", '{"level":null,"message":"x"}', "UNKNOWN"),
    ("erp-web", '{"level":{"a":1},"message":"x"}', "UNKNOWN"),
    ("erp-web", '{"level":"ERROR", broken', "UNKNOWN"),
    ("erp-web", "[2026-11-24 08:15:30 +0000] [1] [INFO] Starting gunicorn 23.0.0", "INFO"),
    ("bugsink", "[2026-11-24 08:15:30 +0000] [7] [ERROR] Worker failed to boot.", "ERROR"),
    ("erp-web", "Traceback (most recent call last):", "UNKNOWN"),
    ("prometheus", 'time=2026-11-24T08:15:30.1Z level=WARN source=main.go:1 msg="level=error"', "WARNING"),
    ("alertmanager", "time=2026-11-24T08:15:30.1Z level=INFO source=main.go:1 msg=Starting", "INFO"),
    ("loki", 'level=error ts=2026-11-24T08:15:30Z caller=a.go:1 msg="x"', "ERROR"),
    ("promtail", "level=debug ts=2026-11-24T08:15:30Z caller=a.go:1", "DEBUG"),
    ("mailpit", 'time="2026/11/24 08:15:30" level=info msg="[smtpd] starting"', "INFO"),
    ("grafana", "logger=settings t=2026-11-24T08:15:30Z level=warn msg=x", "WARNING"),
    ("grafana", "logger=settings t=2026-11-24T08:15:30Z level=eror-ish msg=x", "UNKNOWN"),
    ("grafana", "2026/11/24 08:15:30 [notice] 1#1: start worker processes", "INFO"),
    ("grafana", "2026/11/24 08:15:30 [error] 7#7: *3 connect() failed, client: 127.0.0.1, server: ", "ERROR"),
    ("grafana", "2026/11/24 08:15:30 [crit] 7#7: *3 open() failed", "CRITICAL"),
    ("erp-db", f"{POSTGRES} LOG:  checkpoint starting: time", "INFO"),
    ("erp-db", f"{POSTGRES} ERROR:  duplicate key value", "ERROR"),
    ("erp-db", f"{POSTGRES} erp@erp WARNING:  there is no transaction", "WARNING"),
    ("erp-db", f"{POSTGRES} FATAL:  password authentication failed", "CRITICAL"),
    ("erp-db", f"{POSTGRES} PANIC:  could not write", "CRITICAL"),
    ("erp-db", f"{POSTGRES} STATEMENT:  SELECT 'ERROR: no'", "INFO"),
    ("erp-db", f"{POSTGRES} DEBUG1:  x", "DEBUG"),
    ("erp-redis", "1:M 24 Nov 2026 08:15:30.123 * Ready to accept connections tcp", "INFO"),
    ("erp-redis", "1:M 24 Nov 2026 08:15:30.123 # WARNING Memory overcommit must be enabled!", "WARNING"),
    ("erp-redis", "1:M 24 Nov 2026 08:15:30.123 - Accepted 10.0.0.1:1234", "DEBUG"),
    ("telegraf", "2026-11-24T08:15:30Z E! [inputs.docker] Error in plugin", "ERROR"),
    ("telegraf", "2026-11-24T08:15:30Z I! Loaded inputs: docker", "INFO"),
    ("socket-proxy", "[NOTICE]   (1) : haproxy version is 3.0.11", "INFO"),
    ("socket-proxy", "[ALERT]    (1) : config : parsing", "CRITICAL"),
    ("socket-proxy", '172.18.0.2:1 [24/Nov/2026] docker docker/<NOSRV> "POST /containers/create"', "UNKNOWN"),
]


@pytest.fixture(scope="module")
def shipped(ship: Ship) -> list[Entry]:
    texts: dict[str, str] = {}
    for service, line, _ in CASES:
        texts[service] = f"{texts.get(service, '')}{line}\n"
    return ship(texts, expected=len(CASES))


@pytest.mark.parametrize(("service", "line", "level"), CASES)
def test_line_gets_its_level_and_stays_as_it_is(service: str, line: str, level: str, shipped: list[Entry]) -> None:
    found = [entry for entry in shipped if (entry[0]["service"], entry[1]) == (service, line)]
    assert found == [({**LABELS, "service": service, "level": level}, line, {})]


def test_statement_over_several_lines_is_one_entry(ship: Ship) -> None:
    statement = f"{POSTGRES} STATEMENT:  SELECT\n\t1\n\n\t  FROM x"
    after = f"{POSTGRES} LOG:  done"
    found = ship({"erp-db": f"{statement}\n{after}\n"}, expected=2)
    assert {line for _, line, _ in found} == {statement, after}
    assert [labels["level"] for labels, _, _ in found] == ["INFO", "INFO"]


def test_promtail_takes_the_file_as_it_is(program: str) -> None:
    done = subprocess.run(
        [program, f"-config.file={CONFIG}", "-check-syntax"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ids_become_structured_metadata_and_never_labels(ship: Ship) -> None:
    line = {
        "level": "ERROR",
        "logger": "orders",
        "message": "x",
        "request_id": "r-1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "user_id": 7,
        "org_id": None,
        "task_id": None,
        "route": "/api/orders",
    }
    [(labels, text, metadata)] = ship({"erp-web": json.dumps(line) + "\n"}, expected=1)
    assert labels == {**LABELS, "service": "erp-web", "level": "ERROR"}
    assert json.loads(text) == line
    assert metadata == {
        "logger": "orders",
        "request_id": "r-1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "user_id": "7",
    }


def test_each_line_arrives_once_whatever_it_holds(ship: Ship) -> None:
    lines = [json.dumps({"level": "INFO", "seq": i, "request_id": f"r{i}"}) for i in range(500)]
    lines += ["", " ", "no level", '{"broken', "🦆 ünïcode", "\x1b[31mred\x1b[0m"]
    found = ship({"traffic": "\n".join(lines) + "\n"}, expected=len(lines))
    assert sorted(line for _, line, _ in found) == sorted(lines)


def test_of_ten_thousand_keys_and_of_a_thousand_levels_none_becomes_a_label(ship: Ship) -> None:
    wide = json.dumps({"level": "INFO", **{f"key{number}": number for number in range(10_000)}})
    deep = '{"level": "INFO", "a": ' + '{"a": ' * 1000 + "1" + "}" * 1001
    found = ship({"traffic": f"{wide}\n{deep}\n"}, expected=2)
    assert {line for _, line, _ in found} == {wide, deep}
    assert [(labels, metadata) for labels, _, metadata in found] == [
        ({**LABELS, "service": "traffic", "level": "INFO"}, {})
    ] * 2


def test_nobody_can_make_a_label_value(ship: Ship, loki: Server) -> None:
    text = "".join(json.dumps({"level": f"level-{i}", "service": "admin", "env": "x"}) + "\n" for i in range(20))
    found = ship({"inbox": text}, expected=20)
    assert {labels["level"] for labels, _, _ in found} == {"UNKNOWN"}
    assert set(loki.get("/loki/api/v1/label/level/values").json()["data"]) <= LEVELS


def test_each_line_and_its_bytes_are_counted_under_its_labels(
    program: str, config: dict[str, Any], loki: Server, tmp_path: Path
) -> None:
    texts = ["[INFO] one", "[INFO] täglich", "[ERROR] three"]
    (tmp_path / "counted.log").write_text("\n".join(texts) + "\n", encoding="utf-8")
    moved = moved_config(config, loki, tmp_path, ["counted"])
    (tmp_path / "promtail.yml").write_text(yaml.safe_dump(moved), encoding="utf-8")
    page = f"http://127.0.0.1:{moved['server']['http_listen_port']}/metrics"

    def counted() -> dict[str, float]:
        text = requests.get(page, timeout=5).text
        names = [f"promtail_log_{kind}_total" for kind in ("lines", "bytes")]
        levels = {**LABELS, "service": "counted"}
        return {
            f"{name} {level}": sum_samples(text, name, {**levels, "level": level})
            for name in names
            for level in ("INFO", "ERROR")
        }

    expected = {
        "promtail_log_lines_total INFO": 2.0,
        "promtail_log_lines_total ERROR": 1.0,
        "promtail_log_bytes_total INFO": float(len("".join(texts[:2]).encode())),
        "promtail_log_bytes_total ERROR": float(len(texts[2])),
    }
    with promtail([program, f"-config.file={tmp_path / 'promtail.yml'}"], tmp_path / "said"):
        eventually(counted, f"{expected}", 30, until=lambda seen: seen == expected)


def test_only_the_five_labels_are_made(config: dict[str, Any]) -> None:
    [scrape] = config["scrape_configs"]
    made = {rule["target_label"] for rule in scrape["relabel_configs"] if "target_label" in rule}
    stages = [stage for stage in scrape["pipeline_stages"] if {"labels", "labeldrop"} & stage.keys()]
    assert made - {"log_format"} == {"application", "env", "service", "stream"}
    assert stages == [{"labeldrop": ["log_format"]}, {"labels": {"level": None}}]


def test_a_log_format_of_the_compose_files_has_a_stage(config: dict[str, Any]) -> None:
    stages = str(config["scrape_configs"][0]["pipeline_stages"])
    assert [name for name in FORMATS.values() if f'log_format="{name}"' not in stages] == []


def test_nothing_is_given_up_dropped_or_stamped_again(config: dict[str, Any]) -> None:
    [client] = config["clients"]
    assert client["backoff_config"]["max_retries"] == 0
    stages = json.dumps(config["scrape_configs"][0]["pipeline_stages"])
    assert not [name for name in ("drop", "limit", "timestamp", "sampling") if f'"{name}"' in stages]
