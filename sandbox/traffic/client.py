"""One shopper's HTTP connection to the ERP: every call has a request id and a timeout, and is counted."""

import logging
import uuid

import requests
from prometheus_client import Counter

LOG = logging.getLogger(__name__)
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
TIMEOUT_SECONDS = (3.0, 20.0)

REQUESTS = Counter(
    "traffic_requests_total",
    "Calls to the ERP by outcome: ok, rejected (as planned), unexpected, error (5xx), timeout, unreachable.",
    ["route", "outcome"],
)


class ErpAwayError(Exception):
    """The ERP can't be reached or refuses the log-in."""


class ErpClient:
    def __init__(self, erp_url: str) -> None:
        self.erp_url = erp_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})

    def call(
        self, method: str, route: str, *, number: str = "", body: bytes | None = None, expected: int = 200
    ) -> tuple[int, object]:
        """Status and JSON (nothing for other content); raises ErpAwayError when there is no connection."""
        request_id = str(uuid.uuid4())
        label = f"{method} {route}"
        headers = {"X-Request-ID": request_id}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = self.erp_url + route.replace("<number>", number)
        try:
            response = self.session.request(
                method, url, data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.ReadTimeout:
            REQUESTS.labels(label, "timeout").inc()
            LOG.warning("%s: no answer in time", label, extra={"request_id": request_id})
            return 0, None
        except requests.RequestException as error:
            REQUESTS.labels(label, "unreachable").inc()
            raise ErpAwayError(f"{self.erp_url} can't be reached: {error}") from error
        status = response.status_code
        outcome = _outcome(status, expected)
        REQUESTS.labels(label, outcome).inc()
        level = logging.INFO if outcome in ("ok", "rejected") else logging.WARNING
        fields = {"request_id": request_id, "route": route, "method": method, "status": status}
        LOG.log(level, "%s: %s (%s)", label, status, outcome, extra=fields)
        return status, _json(response)


def _outcome(status: int, expected: int) -> str:
    if status == expected:
        return "ok" if status < 400 else "rejected"
    return "error" if status >= 500 else "unexpected"


def _json(response: requests.Response) -> object:
    try:
        body: object = response.json()
    except ValueError:
        return None
    return body


def text_in(body: object, field: str) -> str:
    """That field of a JSON object, or an empty text if the answer has another form."""
    found: dict[str, object] = body if isinstance(body, dict) else {}
    value = found.get(field)
    return value if isinstance(value, str) else ""
