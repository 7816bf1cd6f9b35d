"""Why an order isn't placed, apart from what the catalog says."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from config.errors import ApiError


class InvalidOrder(ApiError):
    pass


class NoMoney(ApiError):
    code = "no_money"
    status_code = HTTPStatus.PAYMENT_REQUIRED


class PaymentUnavailable(ApiError):
    code = "payment_unavailable"
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "10"}
