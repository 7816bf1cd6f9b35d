"""Gives Grafana its second user: `operator`, who looks at boards and logs and can change neither.

Runs once at every start, after Grafana is healthy; what is there already is set right. Grafana's admin API takes the
admin's own password only, and provisions no user from a file.
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LOGIN = "operator"
ROLE = "Viewer"
TIMEOUT_SECONDS = 20


class GrafanaError(Exception):
    """What Grafana answered, and what was expected of it."""


class Grafana:
    def __init__(self, base: str, password: str) -> None:
        self.base = base
        self.authorization = "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()

    def call(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        """The answer as JSON; None where there is nothing at `path`."""
        request = urllib.request.Request(  # noqa: S310 - the address is this project's own
            f"{self.base}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": self.authorization, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:200]
            if error.code == 404:
                return None
            raise GrafanaError(f"Grafana answered {method} {path} with {error.code} {said}.") from None
        except (OSError, ValueError) as error:
            raise GrafanaError(f"Grafana doesn't answer at {self.base}: {error}.") from None


def ensure(grafana: Grafana, password: str) -> str:
    """Make the operator or set password and role right; says what was done."""
    known = grafana.call("GET", f"/api/users/lookup?loginOrEmail={LOGIN}")
    if known is None:
        known = grafana.call("POST", "/api/admin/users", {"name": LOGIN, "login": LOGIN, "password": password})
        done = "made"
    else:
        grafana.call("PUT", f"/api/admin/users/{known['id']}/password", {"password": password})
        done = "set right"
    if grafana.call("PATCH", f"/api/org/users/{known['id']}", {"role": ROLE}) is None:
        raise GrafanaError(f"Grafana has no {LOGIN} in its organization, expected the one that was just {done}.")
    return f"Grafana's user {LOGIN} ({ROLE}) is {done}."


def renew_admin(base: str, old: str, new: str) -> str:
    """Give the admin the password `new`, by whichever of the two holds; may be repeated. Says what was done."""
    for password in (old, new):
        try:
            known = Grafana(base, password).call("GET", "/api/users/lookup?loginOrEmail=admin")
        except GrafanaError:
            continue
        Grafana(base, password).call("PUT", f"/api/admin/users/{known['id']}/password", {"password": new})
        return "Grafana's admin has the new password."
    raise GrafanaError("Grafana takes neither the old nor the new password of its admin, or doesn't answer.")


def main() -> int:
    secrets = Path(os.environ.get("SECRETS", "/run/secrets"))
    base = os.environ.get("GRAFANA_URL", "http://grafana:3000")
    try:
        if sys.argv[1:] == ["admin"]:  # `make rotate`, which tells the old and the new one in a line each
            old, new = sys.stdin.read().splitlines()
            sys.stdout.write(f"{renew_admin(base, old, new)}\n")
            return 0
        admin, operator = (
            (secrets / f"grafana_{user}_password").read_text(encoding="utf-8").strip() for user in ("admin", "operator")
        )
        done = ensure(Grafana(base, admin), operator)
    except (GrafanaError, OSError) as error:
        sys.stderr.write(f"{error} Expected the admin of secrets/grafana_admin_password.\n")
        return 1
    sys.stdout.write(f"{done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
