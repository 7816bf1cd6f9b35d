"""The stack's Prometheus image, on a folder of its own and on the machine's own network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.commands import current
from tests.support import stack
from tests.support.ports import free_port
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

USER = ("--user", "65534:65534")


def image() -> str:
    found: str = current().model["services"]["prometheus"]["image"]
    return found


def prepared(folder: Path) -> Path:
    """With a place for blocks, which Prometheus' user may write."""
    (folder / "data").mkdir(parents=True)
    for each in (folder, folder / "data"):
        each.chmod(0o777)
    folder.parent.chmod(0o755)
    return folder


@contextmanager
def running(folder: Path, configuration: str) -> Iterator[Prometheus]:
    """`@port` in the configuration is its own port."""
    port = free_port()
    if not folder.exists():
        prepared(folder)
    (folder / "prometheus.yml").write_text(configuration.replace("@port", str(port)), encoding="utf-8")
    arguments = (
        "--config.file=/grown/prometheus.yml",
        "--storage.tsdb.path=/grown/data",
        "--storage.tsdb.retention.time=60d",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    made = ("--network", "host", *USER, "--volume", f"{folder}:/grown", image(), *arguments)
    container = stack.run("docker", "run", "--detach", "--rm", *made).strip()
    try:
        prometheus = Prometheus(f"http://127.0.0.1:{port}")
        eventually(lambda: prometheus.query("1"), "Prometheus to answer", 300)
        yield prometheus
    finally:
        stack.run("docker", "rm", "--force", container)
