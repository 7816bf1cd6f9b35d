"""The real promtail on the pipeline that ships, from files in place of Docker to the real Loki."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from loki.tests.server import Entry, Server, running
from tests.support.compose_model import services
from tests.support.ports import free_port
from tests.support.wait import eventually

CONFIG = Path(__file__).parents[1] / "promtail.yml"
ARRIVED_WITHIN = 30.0
FORMATS = {
    name: service["labels"]["observability.log-format"]
    for name, service in services().items()
    if "observability.log-format" in service["labels"]
}
Ship = Callable[..., list[Entry]]


@pytest.fixture(scope="session")
def program() -> str:
    path = os.environ.get("PROMTAIL", "")
    if not path:
        pytest.fail("PROMTAIL is not set; expected the absolute path of promtail. Run the tests by make test.")
    return path


@pytest.fixture(scope="session")
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("loki")) as server:
        yield server


@pytest.fixture(scope="session")
def ship(program: str, config: dict[str, Any], loki: Server, tmp_path_factory: pytest.TempPathFactory) -> Ship:
    """Sends the text of each service through the pipeline and answers with what Loki has then."""

    def run(texts: Mapping[str, str], expected: int) -> list[Entry]:
        folder = tmp_path_factory.mktemp("promtail")
        for service, text in texts.items():
            (folder / f"{service}.log").write_text(text, encoding="utf-8")
        path = folder / "promtail.yml"
        path.write_text(yaml.safe_dump(moved_config(config, loki, folder, list(texts))), encoding="utf-8")
        begun = time.time_ns()

        def entries() -> list[Entry]:
            found = loki.entries(f'{{service=~"{"|".join(texts)}"}}', start=begun)
            return [(without_filename(labels), line, metadata) for labels, line, metadata in found]

        with promtail([program, f"-config.file={path}"], folder / "said-by-promtail"):
            eventually(entries, f"{expected} entries", ARRIVED_WITHIN, until=lambda e: len(e) >= expected, interval=0.1)
        found = entries()  # at its end Promtail has sent whatever was still on its way: nothing came twice
        assert len(found) == expected, f"Expected {expected} entries, found {len(found)}: {found[:50]}"
        return found

    return run


@contextmanager
def promtail(command: list[str], log: Path) -> Iterator[None]:
    """Promtail until the block ends; what it said is told when the block fails."""
    with log.open("w", encoding="utf-8") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield
        except AssertionError as error:
            error.add_note(f"Promtail said: {log.read_text(encoding='utf-8')[-3000:]}")
            raise
        finally:
            process.terminate()
            process.wait(timeout=30)


def moved_config(config: dict[str, Any], loki: Server, folder: Path, names: list[str]) -> dict[str, Any]:
    """The configuration that ships, with a file per service in Docker's place.

    Files, because Promtail's standard input leaves empty lines out before the pipeline sees them.
    """
    [scrape] = config["scrape_configs"]
    labels = {"application": "erp", "env": "sandbox", "stream": "stdout"}
    return config | {
        "server": {
            "http_listen_address": "127.0.0.1",
            "http_listen_port": free_port(),
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": 0,
        },
        "positions": {"filename": str(folder / "positions.yaml")},
        "clients": [config["clients"][0] | {"url": f"{loki.url}/loki/api/v1/push"}],
        "scrape_configs": [
            {
                "job_name": "files",
                "static_configs": [
                    {
                        "labels": labels
                        | {"service": service, "__path__": str(folder / f"{service}.log")}
                        | ({"log_format": FORMATS[service]} if service in FORMATS else {})
                    }
                    for service in names
                ],
                "pipeline_stages": scrape["pipeline_stages"],
            }
        ],
    }


def without_filename(labels: dict[str, str]) -> dict[str, str]:
    """The labels less the one that only a file has."""
    return {name: value for name, value in labels.items() if name != "filename"}
