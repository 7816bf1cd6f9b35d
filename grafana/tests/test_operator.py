"""The operator's account, against what the documentation of Grafana's admin API says; Grafana isn't here."""

import threading
from collections.abc import Iterator

import pytest

from grafana.operator import Grafana, GrafanaError, ensure, renew_admin
from grafana.tests.stand_in import Users, serve

ADMIN = "the admin's password"
FIRST, SECOND = "the operator's first", "the operator's second"


@pytest.fixture
def server() -> Iterator[Users]:
    with serve(("127.0.0.1", 0), ADMIN) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def base(server: Users) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_the_operator_is_made_as_a_viewer(server: Users) -> None:
    assert ensure(Grafana(base(server), ADMIN), FIRST) == "Grafana's user operator (Viewer) is made."
    (user,) = server.users.values()
    assert (user["login"], user["password"], user["role"]) == ("operator", FIRST, "Viewer")


def test_password_and_role_are_set_right_at_the_next_start(server: Users) -> None:
    grafana = Grafana(base(server), ADMIN)
    ensure(grafana, FIRST)
    (user,) = server.users.values()
    user["role"] = "Admin"
    assert ensure(grafana, SECOND) == "Grafana's user operator (Viewer) is set right."
    assert list(server.users.values()) == [{**user, "password": SECOND, "role": "Viewer"}]


def test_a_wrong_admin_is_told(server: Users) -> None:
    with pytest.raises(GrafanaError, match=r"answered GET /api/users/lookup\S+ with 401"):
        ensure(Grafana(base(server), "another"), FIRST)
    assert server.users == {}


def test_nobody_there_is_told() -> None:
    with pytest.raises(GrafanaError, match=r"doesn't answer at http://127\.0\.0\.1:9"):
        ensure(Grafana("http://127.0.0.1:9", ADMIN), FIRST)


def test_the_admin_gets_a_new_password_whichever_of_the_two_holds(server: Users) -> None:
    server.users[1] = {"id": 1, "login": "admin"}
    for old, new in ((ADMIN, SECOND), (FIRST, ADMIN)):
        renew_admin(base(server), old, new)
        assert server.users[1]["password"] == new
    with pytest.raises(GrafanaError, match="neither the old nor the new password"):
        renew_admin(base(server), FIRST, SECOND)
