"""One shopper: logs in, reads the products, places an order and reads it."""

import json
import logging

from sandbox import settings
from sandbox.traffic.client import ErpAwayError, ErpClient, text_in
from sandbox.traffic.mix import CYCLE, plan_order

LOG = logging.getLogger(__name__)
USERNAME = "traffic"
CREATED, UNAUTHORIZED = 201, 401


class Shopper:
    def __init__(self, erp_url: str) -> None:
        self.client = ErpClient(erp_url)
        self.skus: list[str] = []

    def shop(self, number: int) -> None:
        """Places the order with that running number; raises ErpAwayError when the ERP is away."""
        if not self.skus:
            self._log_in()
        if not self.skus or number % CYCLE == 0:
            self._look_at_products()
        planned = plan_order(number, self.skus)
        status, answer = self.client.call("POST", "/api/orders", body=planned.body, expected=planned.expected_status)
        if status == UNAUTHORIZED:
            self._forget()
        elif status == CREATED:
            self.client.call("GET", "/api/orders/<number>", number=text_in(answer, "number"))
        if number % CYCLE == CYCLE // 2:
            self.client.call("GET", "/api/orders")

    def _log_in(self) -> None:
        # Read at each log-in: a new password needs no restart.
        login = {"username": USERNAME, "password": settings.secret("TRAFFIC_PASSWORD")}
        self.client.session.headers.pop("Authorization", None)
        status, answer = self.client.call("POST", "/api/login", body=json.dumps(login).encode())
        token = text_in(answer, "token")
        if not token:
            raise ErpAwayError(f"{self.client.erp_url} refused the login of {USERNAME!r} with status {status}")
        self.client.session.headers["Authorization"] = f"Token {token}"

    def _look_at_products(self) -> None:
        status, answer = self.client.call("GET", "/api/products")
        found = answer.get("products") if isinstance(answer, dict) else None
        skus = [text_in(product, "sku") for product in found] if isinstance(found, list) else []
        self.skus = [sku for sku in skus if sku] or self.skus
        if not self.skus:
            raise ErpAwayError(f"{self.client.erp_url} lists no products (status {status})")

    def _forget(self) -> None:
        LOG.warning("The token was refused; the next order logs in again.")
        self.skus = []
