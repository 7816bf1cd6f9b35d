"""What keeps a port from being published is told before anything starts."""

import socket
from collections.abc import Iterator

import pytest

from ops import ports, up
from ops.console import OpsError
from ops.settings import Settings


def test_a_port_that_another_program_has_is_told_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OpsError, match=rf"Port {port} on 127\.0\.0\.1 is taken .* set ERP_PORT in \.env"):
            ports.check("127.0.0.1", port, "erp-web", "ERP_PORT")


def test_an_address_of_another_machine_is_told_as_such() -> None:
    with pytest.raises(OpsError, match=r"This machine has no address 192\.0\.2\.1; .* Set BIND in \.env"):
        ports.check("192.0.2.1", 8000, "erp-web", "ERP_PORT")


@pytest.fixture
def taken(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """ERP_PORT of the settings, which somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        monkeypatch.setattr(Settings, "ports", {"erp-web": port})
        yield port


def test_a_container_that_is_starting_has_its_port_before_it_is_listed(
    settings: Settings, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings = iter([set[int](), {taken}])
    monkeypatch.setattr(up, "_own_ports", lambda settings: next(listings))
    up.check_ports(settings)
    assert next(listings, None) is None


def test_an_engine_that_does_not_list_its_containers_is_told_as_such(
    settings: Settings, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, their ports were "taken by another program", and data volumes that exist were taken for none."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    with pytest.raises(OpsError, match=r"`docker ps --filter .*` failed: .*127\.0\.0\.1:9"):
        up.check_ports(settings)
    with pytest.raises(OpsError, match=r"`docker volume ls .*` failed: .*127\.0\.0\.1:9"):
        up.volumes_exist(settings)
