"""loki.yml does what it says when Loki runs on it."""

import re
import subprocess
from pathlib import Path

import pytest
import requests
import yaml

from loki.tests.server import CONFIG, Server, moved_config, program
from tests.support.wait import stays

LABELS = {"application": "erp", "service": "erp-web", "env": "sandbox", "level": "INFO", "stream": "stdout"}


def test_loki_takes_the_file_as_it_is() -> None:
    done = subprocess.run(
        [program(), f"-config.file={CONFIG}", "-verify-config"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_pushed_is_found_at_once_with_no_label_added(loki: Server) -> None:
    assert loki.push(LABELS, "found").status_code == requests.codes.no_content
    assert loki.entries('{service="erp-web"} |= "found"') == [(LABELS, "found", {})]
    assert set(loki.get("/loki/api/v1/labels").json()["data"]) == set(LABELS)


def test_flood_into_one_stream_gets_no_label_from_loki(loki: Server) -> None:
    """Loki would split a stream of more than 1.5 MB/s by a label of its own; here 3 MB/s for 5 seconds."""
    flood = LABELS | {"stream": "flood"}

    def streams_after_a_push() -> list[dict[str, str]]:
        assert loki.push(flood, *["x" * 100_000] * 10).status_code == requests.codes.no_content
        return list(loki.get("/loki/api/v1/series", **{"match[]": '{stream="flood"}'}).json()["data"])

    stays(streams_after_a_push, "the flood is one stream", 5, until=lambda found: found == [flood], interval=0.3)


def test_long_line_is_shortened_and_not_refused(loki: Server) -> None:
    assert loki.push(LABELS | {"stream": "long"}, "x" * 300_000).status_code == requests.codes.no_content
    [(_, line, _)] = loki.entries('{stream="long"}')
    assert len(line) == 256 * 1024


def test_sixth_label_is_taken_and_the_seventh_refused(loki: Server) -> None:
    six = {f"label{i}": "x" for i in range(6)}
    assert loki.push(six, "six").status_code == requests.codes.no_content
    refused = loki.push(six | {"label6": "x"}, "seven")
    assert refused.status_code == requests.codes.bad_request
    assert re.search(r"has 7 label names; limit:? 6\b", refused.text)
    assert loki.entries('{label6="x"}') == []


def test_line_of_a_week_is_taken_and_an_older_one_refused(loki: Server) -> None:
    labels = LABELS | {"stream": "late"}
    hour, week = 3600.0, 7 * 86400.0
    assert loki.push(labels, "late", age=week - hour).status_code == requests.codes.no_content
    refused = loki.push(labels, "too late", age=week + hour)
    assert refused.status_code == requests.codes.bad_request
    assert "timestamp too old" in refused.text


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("compactor", "retention_enabled", True),
        ("compactor", "delete_request_store", "filesystem"),
        ("limits_config", "retention_period", "2w"),
        ("analytics", "reporting_enabled", False),
    ],
)
def test_running_loki_deletes_after_two_weeks_and_calls_nobody(
    loki: Server, section: str, key: str, value: object
) -> None:
    assert yaml.safe_load(loki.get("/config").text)[section][key] == value


def test_grpc_listens_where_the_ring_says(tmp_path: Path) -> None:
    config = moved_config(tmp_path)
    assert config["server"]["grpc_listen_address"] == config["common"]["instance_addr"] == "127.0.0.1"
