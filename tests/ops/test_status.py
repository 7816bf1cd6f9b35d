"""`make status` tells a service that doesn't run from one that has done its work; `make logs` knows its services."""

import pytest

from ops.commands import ill
from tests.ops.conftest import Ops

ONE_SHOTS = {"erp-migrate"}


@pytest.mark.parametrize(
    ("service", "state", "health", "status", "is_ill"),
    [
        ("erp-web", "running", "healthy", "Up 3 minutes (healthy)", False),
        ("erp-web", "running", "unhealthy", "Up 3 minutes (unhealthy)", True),
        ("erp-web", "exited", "", "Exited (0) 3 minutes ago", True),
        ("erp-web", "restarting", "", "Restarting (1) 2 seconds ago", True),
        ("erp-migrate", "exited", "", "Exited (0) 3 minutes ago", False),
        ("erp-migrate", "exited", "", "Exited (1) 3 minutes ago", True),
    ],
)
def test_what_is_not_well(service: str, state: str, health: str, status: str, is_ill: bool) -> None:
    container = {"Service": service, "State": state, "Health": health, "Status": status}
    assert ill([container], ONE_SHOTS) == ([service] if is_ill else [])


def test_logs_of_somebody_elses_service_say_where_to_look(ops: Ops) -> None:
    done = ops("logs", "web")
    assert done.returncode == 1
    assert "web is no service of this stack; expected one of alertmanager" in done.stderr
    assert "`docker compose logs` in its folder" in done.stderr
