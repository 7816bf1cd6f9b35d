"""A bucket of a program that answers as S3 does, on the network of containers that have none of a stack's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from tests.support import parts, stack
from tests.support.ports import free_port
from tests.support.wait import eventually

NAME = "backups"
PORT = 5000
KEY = "[default]\naws_access_key_id = testing\naws_secret_access_key = testing\n"


@dataclass(frozen=True)
class Bucket:
    """`address` is the one that restic takes; `_url` leads to it from this machine."""

    address: str
    _url: str

    def objects(self) -> dict[str, bytes]:
        """The content of each object by its name."""
        listed = requests.get(f"{self._url}?list-type=2", timeout=30)
        listed.raise_for_status()
        names = [part.partition("</Key>")[0] for part in listed.text.split("<Key>")[1:]]
        return {name: requests.get(f"{self._url}/{name}", timeout=30).content for name in names}


@contextmanager
def running() -> Iterator[Bucket]:
    name = f"erp-bucket-test-{free_port()}"
    options = ("--memory=512m", "--cap-drop=ALL", f"--publish=127.0.0.1::{PORT}")
    stack.run("docker", "run", "--detach", "--name", name, *options, parts.image("bucket"), timeout=600)
    try:
        published = stack.run("docker", "port", name, str(PORT)).strip()
        inside = stack.run("docker", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", name).strip()
        url = f"http://{published}/{NAME}"
        eventually(lambda: requests.put(url, timeout=5).ok, "the bucket to be made", 60)
        yield Bucket(f"s3:http://{inside}:{PORT}/{NAME}", url)
    finally:
        stack.run("docker", "rm", "--force", "--volumes", name)
