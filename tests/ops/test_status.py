"""`make status` tells a service that doesn't run from one that has done its work."""

import pytest

from ops.commands import ill

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
