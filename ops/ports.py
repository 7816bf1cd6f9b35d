"""Whether a port of this machine is free."""

import errno
import socket

from ops.console import OpsError


def check(bind: str, port: int, service: str, setting: str) -> None:
    if _is_taken(bind, port):
        raise OpsError(
            f"Port {port} on {bind} is taken by another program; {service} was to be published there. "
            f"Stop that program, or set {setting} in .env to a free port, or PORT_OFFSET, which moves every "
            "port. Nothing was started."
        )


def _is_taken(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise OpsError(
                    f"This machine has no address {address}; expected one of its own, or 0.0.0.0 for all. "
                    "Set BIND in .env. Nothing was started."
                ) from None
            return True
    return False
