"""One JSON call of a partner's API: bounded in time, counted, with our ids, and with typed errors only."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests

from config import env
from django_instrumentation import context
from django_instrumentation.external import external_call
from integrations.errors import Refused, Unavailable

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0


def post(url: str, *, api: str, operation: str, key: str, body: Mapping[str, Any], expected: str) -> str:
    """The `expected` field of the answer; the same `key` makes a repeated call harmless."""
    headers = {
        "Authorization": f"Bearer {env.secret('PARTNER_API_KEY')}",
        "Idempotency-Key": key,
        **context.to_headers(),
    }
    with external_call(api, operation) as call:
        try:
            answer = requests.post(
                url,
                json=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.Timeout as error:
            call.outcome = "timeout"
            raise Unavailable(f"The {api} API gave no answer in time.") from error
        except requests.RequestException as error:
            raise Unavailable(f"The {api} API can't be reached: {type(error).__name__}.") from error
        found = _json_object(answer)
        if answer.status_code == HTTPStatus.PAYMENT_REQUIRED and isinstance(code := found.get("error"), str):
            call.outcome = "rejected"
            raise Refused(code, str(found.get("detail") or "No reason was given."))
        if answer.status_code != HTTPStatus.CREATED:
            raise Unavailable(f"The {api} API answered {answer.status_code}, expected 201.")
        value = found.get(expected)
        if not isinstance(value, str) or not 0 < len(value) <= 100:
            raise Unavailable(f"The {api} API's answer has no {expected}, expected a text.")
        return value


def _json_object(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
