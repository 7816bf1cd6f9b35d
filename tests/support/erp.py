"""Client of the sample ERP's API, with request and trace ids of the test's choosing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support import stack

RESPONSES = "django_http_responses_total_by_status_view_method_total"
VERSION_VIEW = "api-version"  # nothing in the stack calls it but tests


@dataclass(frozen=True)
class Ids:
    """The two ids that join a request's signals."""

    request: str
    trace: str

    @classmethod
    def fresh(cls, prefix: str = "test") -> Ids:
        return cls(f"{prefix}-{secrets.token_hex(8)}", secrets.token_hex(16))

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Request-ID": self.request, "traceparent": f"00-{self.trace}-{secrets.token_hex(8)}-01"}


class Erp:
    def __init__(self, base: str | None = None) -> None:
        self.base = base or stack.url("erp-web")

    @cached_property
    def token(self) -> str:
        """The buyer's API token."""
        answer = requests.post(
            f"{self.base}/api/login",
            json={"username": "buyer", "password": stack.secret("erp_buyer_password")},
            timeout=20,
        )
        answer.raise_for_status()
        return str(answer.json()["token"])

    def send(
        self, method: str, path: str, ids: Ids | None = None, *, login: bool = True, **arguments: Any
    ) -> requests.Response:
        """One request on a connection of its own, so that any gunicorn worker may take it."""
        headers = {"Connection": "close", **(ids.headers if ids else {}), **arguments.pop("headers", {})}
        if login:
            headers["Authorization"] = f"Token {self.token}"
        return requests.request(method, f"{self.base}{path}", headers=headers, timeout=30, **arguments)

    def version(self, ids: Ids | None = None) -> requests.Response:
        return self.send("GET", "/api/version", ids, login=False)

    def place_order(self, ids: Ids | None = None) -> requests.Response:
        order = {"card_token": "tok_ok", "lines": [{"product": "SKU-0001", "quantity": 1}]}
        return self.send("POST", "/api/orders", ids, json=order)

    def counter(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels, read from each web's /metrics at this moment."""
        balanced = self.base == stack.url("erp-web") and stack.setting("SCALE") == "on"
        webs = stack.inside("erp-web", 8000) if balanced else [self.base]
        return sum(sum_samples(_metrics(web), name, labels) for web in webs)


def _metrics(web: str) -> str:
    # By the address of a container the ERP would refuse the Host.
    headers = {"Authorization": f"Bearer {stack.secret('metrics_token')}", "Host": "localhost"}
    answer = requests.get(f"{web}/metrics", headers=headers, timeout=20)
    answer.raise_for_status()
    return answer.text


def sum_samples(exposition: str, name: str, labels: dict[str, str]) -> float:
    """The sum of the samples of `name` that carry all of `labels`, in Prometheus' text format."""
    samples = (sample for family in text_string_to_metric_families(exposition) for sample in family.samples)
    return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())
