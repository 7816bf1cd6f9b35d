"""The gateway with a certificate that it hasn't made itself: files of one's own, and Let's Encrypt's by ACME."""

import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import create_connection
from typing import Any

import pytest
import yaml

from ops import secrets
from tests.support import apart, stack
from tests.support.acme import Acme
from tests.support.apart import Apart
from tests.support.authority import Authority
from tests.support.ports import free_port
from tests.support.wait import eventually

PROJECT = "erp-certificates-test"
NAME = "monitoring.test"
SERVICES = ("gateway", "gateway-guard")
pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Door:
    """The gateway by its published port."""

    project: Apart
    port: int

    def serial(self, root: str, name: str = NAME) -> int:
        """Of the certificate that it shows for the name; raises where that isn't one of the authority `root` (PEM)."""
        context = ssl.create_default_context(cadata=root)
        with (
            create_connection(("127.0.0.1", self.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            found = secure.getpeercert() or {}
        return int(str(found["serialNumber"]), 16)

    def said(self, *services: str) -> str:
        return self.project.compose("logs", "--no-color", *services)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)  # the programs in the containers are other users
    return Authority(folder)


@contextmanager
def _door(tls: str, secrets_folder: Path, of_it: dict[str, Any], **more: dict[str, Any]) -> Iterator[Door]:
    """`of_it` is merged into the gateway, `more` are services beside it."""
    port = free_port()
    settings = {"GATEWAY_PORT": str(port), "GATEWAY": "on", "GATEWAY_HOST": NAME, "GATEWAY_TLS": tls}
    settings |= {"SECRETS_DIR": str(secrets_folder)}
    # Of another stack by its labels: the stack's own collectors leave it alone, and its stamp stays.
    labelled = {"labels": {"observability.stack": PROJECT}}
    overlay = {"services": {"gateway": labelled | of_it, "gateway-guard": labelled, **more}}
    with apart.running(PROJECT, yaml.safe_dump(overlay), *more, *SERVICES, ports=settings) as project:
        yield Door(project, port)


@pytest.fixture
def own_secrets(tmp_path: Path) -> Path:
    stack.ensure_up()
    return Path(shutil.copytree(stack.loaded_settings().secrets, tmp_path / "secrets"))


def test_a_certificate_of_ones_own_is_shown_and_a_renewed_one_by_the_next_start(
    authority: Authority, own_secrets: Path
) -> None:
    def renew() -> None:
        """As who renews it does: both files of secrets/ anew."""
        certificate, key = authority.folder / "issued.crt", authority.folder / "issued.key"
        authority.issue(NAME, certificate, key)
        secrets.write(own_secrets / "gateway_tls_cert", certificate.read_text(encoding="utf-8").strip())
        secrets.write(own_secrets / "gateway_tls_key", key.read_text(encoding="utf-8").strip())

    renew()
    with _door("files", own_secrets, {}) as door:
        root = authority.certificate.read_text(encoding="utf-8")
        first = door.serial(root)
        # Nobody outside is told the name.
        assert [line for line in door.said("gateway").splitlines() if "acme" in line] == []
        renew()
        door.project.compose("up", "--detach", "--wait", *SERVICES)  # what `make up` does of it
        assert door.serial(root) != first


@pytest.fixture(scope="module")
def lets_encrypt(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Acme:
    folder = tmp_path_factory.mktemp("acme")
    folder.chmod(0o755)
    return Acme(folder, authority)


def test_lets_encrypt_gives_a_certificate_for_its_name_alone_which_outlives_a_restart(
    authority: Authority, own_secrets: Path, lets_encrypt: Acme
) -> None:
    of_it = {
        "environment": {"SSL_CERT_FILE": "/etc/authority.crt"},
        "volumes": [f"{authority.certificate}:/etc/authority.crt:ro"],
        "networks": {"egress": {"aliases": [NAME]}},
    }
    with _door("acme", own_secrets, of_it, **lets_encrypt.services()) as door:
        root = eventually(lets_encrypt.root, "Pebble's root", 30)
        # Until it has one, it refuses the handshake.
        first = eventually(partial(door.serial, root), "its certificate", 90, not_yet=(OSError,))
        door.project.compose("restart", "gateway")
        assert eventually(partial(door.serial, root), "its certificate", 30, not_yet=(OSError,)) == first
        assert door.said("pebble").count("Issued certificate serial") == 1
        assert [line for line in door.said("gateway").splitlines() if '"level":"error"' in line] == []
