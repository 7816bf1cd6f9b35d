"""What the API refuses; a domain's own refusals are in its own errors.py."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from rest_framework import exceptions


class ApiError(exceptions.APIException):
    """A refusal that a client can act on; subclasses say which."""

    code: ClassVar[str] = "invalid"
    status_code = HTTPStatus.BAD_REQUEST
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str) -> None:
        super().__init__(detail, self.code)


class BadJson(ApiError):
    code = "bad_json"


class TooLarge(ApiError):
    code = "too_large"
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
