"""The gateway with a certificate that it hasn't made itself: files of an authority of the test's own."""

import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection

import pytest
import yaml

from ops import secrets
from tests.support import apart, stack
from tests.support.apart import Apart
from tests.support.authority import Authority
from tests.support.ports import free_port

PROJECT = "erp-certificates-test"
NAME = "monitoring.test"
SERVICES = ("gateway", "gateway-guard")
pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Door:
    """The gateway by its published port, for who trusts the authority."""

    project: Apart
    port: int
    authority: Authority

    def serial(self) -> int:
        """Of the certificate that it shows for NAME; raises where that isn't one of the authority's."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        with (
            create_connection(("127.0.0.1", self.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as secure,
        ):
            found = secure.getpeercert() or {}
        return int(str(found["serialNumber"]), 16)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)  # the programs in the containers are other users
    return Authority(folder)


@contextmanager
def _door(authority: Authority, secrets_folder: Path) -> Iterator[Door]:
    stack.ensure_up()
    port = free_port()
    settings = {"GATEWAY_PORT": str(port), "GATEWAY": "on", "GATEWAY_HOST": NAME, "GATEWAY_TLS": "files"}
    settings |= {"SECRETS_DIR": str(secrets_folder)}
    # Of another stack by its labels: the stack's own collectors leave it alone, and its stamp stays.
    labels = {name: {"labels": {"observability.stack": PROJECT}} for name in SERVICES}
    with apart.running(PROJECT, yaml.safe_dump({"services": labels}), *SERVICES, ports=settings) as project:
        yield Door(project, port, authority)


@pytest.fixture
def own_secrets(tmp_path: Path) -> Path:
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
    with _door(authority, own_secrets) as door:
        first = door.serial()
        renew()
        door.project.compose("up", "--detach", "--wait", *SERVICES)  # what `make up` does of it
        assert door.serial() != first
