"""A stack whose secrets are replaced while somebody buys from its ERP."""

import threading
from datetime import UTC, datetime

import requests

from ops import image_source, secrets
from ops.stack import Stack
from tests.support.second_stack import SecondStack

ENVIRONMENT = {"PROJECT": "rotate", "SAMPLE": "on", "WEB_CONCURRENCY": "2", "TRAFFIC_ORDERS_PER_MINUTE": "12"}
ORDER_SECONDS = 0.5
ORDER = {"card_token": "tok_ok", "lines": [{"product": "SKU-0001", "quantity": 1}]}


class Rotated(SecondStack):
    def __init__(self) -> None:
        super().__init__(**ENVIRONMENT)
        self.ops = Stack(self.settings, image_source.remembered(self.settings))

    def secret(self, name: str) -> str:
        return secrets.read(name, self.settings.secrets)

    def inside(self, service: str, *command: str, told: str = "") -> str:
        """What a command says that reads its secret from its input; its complaint too."""
        done = self.ops.attempt("exec", "-T", service, *command, stdin=told)
        return (done.stdout + done.stderr).strip()

    def sql(self, query: str) -> str:
        words = ("psql", "--username=postgres", "--dbname=erp", "--tuples-only", "--no-align", "--command", query)
        return self.compose("exec", "-T", "erp-db", *words).strip()

    def placed_by(self, user: str) -> int:
        """The orders of a user, or of all, that were answered with 201: of a refused payment a row stays too."""
        of = f"AND u.username = '{user}'" if user else ""
        stored = (
            "FROM orders_order JOIN organizations_user u ON u.id = placed_by_id WHERE status IN ('paid', 'shipped')"
        )
        return int(self.sql(f"SELECT count(*) {stored} {of}"))

    def bugsink(self, token: str) -> requests.Response:
        return requests.get(
            f"{self.url('BUGSINK_PORT')}/api/canonical/0/issues/",
            params={"project": 1},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    def logs_in(self, user: str, password: str) -> bool:
        body = {"username": user, "password": password}
        return requests.post(f"{self.url('ERP_PORT')}/api/login", json=body, timeout=60).status_code == 200


class Buyer(threading.Thread):
    """Places an order every half a second, each on a connection of its own."""

    def __init__(self, running: Rotated) -> None:
        super().__init__(daemon=True)
        base = running.url("ERP_PORT")
        body = {"username": "buyer", "password": running.secret("erp_buyer_password")}
        token = requests.post(f"{base}/api/login", json=body, timeout=60).json()["token"]
        self.address, self.headers = f"{base}/api/orders", {"Authorization": f"Token {token}"}
        self.placed = 0
        self.refused: list[str] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(ORDER_SECONDS):
            began = datetime.now(UTC).strftime("%H:%M:%S")
            try:
                answer = requests.post(self.address, json=ORDER, headers=self.headers, timeout=60)
            except requests.RequestException as error:
                self.refused.append(f"{began} {error!r}")
                continue
            if answer.status_code == 201:
                self.placed += 1
            else:
                self.refused.append(f"{began} {answer.status_code} {answer.text[:200]}")

    def end(self) -> None:
        self.ended.set()
        self.join(70)
