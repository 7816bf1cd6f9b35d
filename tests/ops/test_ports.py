"""What keeps a port from being published is told before anything starts."""

import socket

import pytest

from ops import ports
from ops.console import OpsError


def test_a_port_that_another_program_has_is_told_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OpsError, match=rf"Port {port} on 127\.0\.0\.1 is taken .* set ERP_PORT in \.env"):
            ports.check("127.0.0.1", port, "erp-web", "ERP_PORT")


def test_an_address_of_another_machine_is_told_as_such() -> None:
    with pytest.raises(OpsError, match=r"This machine has no address 192\.0\.2\.1; .* Set BIND in \.env"):
        ports.check("192.0.2.1", 8000, "erp-web", "ERP_PORT")
