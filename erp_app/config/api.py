"""How the API says what was wrong: {"error": "<code>", "detail": "<sentence>"}, a 4xx for every bad input."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from config.errors import ApiError

CODES = {
    HTTPStatus.UNAUTHORIZED: "unauthenticated",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.NOT_ACCEPTABLE: "not_acceptable",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}


def error_code(error: Exception) -> str:
    """The code by which an API error is answered and counted."""
    if isinstance(error, ApiError):
        return error.code
    if isinstance(error, exceptions.ValidationError):
        return "invalid"
    return CODES.get(HTTPStatus(getattr(error, "status_code", 404)), "invalid")


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    response = exception_handler(error, context)
    if response is None:  # not ours: Django makes a 500 of it, reports and logs it
        return None
    if isinstance(error, exceptions.ValidationError):
        detail = "; ".join(_sentences(error.detail))
    else:
        detail = str(getattr(error, "detail", "There is nothing here."))
    code = error_code(error) if isinstance(error, exceptions.APIException) else CODES[HTTPStatus(response.status_code)]
    response.data = {"error": code, "detail": detail}
    for name, value in getattr(error, "headers", {}).items():
        response[name] = value
    return response


def _sentences(detail: Any, path: str = "") -> list[str]:
    """DRF's tree of complaints as flat sentences, each with the place it is about."""
    if isinstance(detail, dict):
        return [line for key, item in detail.items() for line in _sentences(item, f"{path}.{key}".strip("."))]
    if isinstance(detail, list):
        return [
            line
            for index, item in enumerate(detail)
            for line in _sentences(item, f"{path}[{index}]" if isinstance(item, dict) else path)
        ]
    return [f"{path}: {detail}" if path and path != "non_field_errors" else str(detail)]


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return _error(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return _error(HTTPStatus.BAD_REQUEST, "invalid", "The request breaks the rules of this site.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return _error(HTTPStatus.FORBIDDEN, "forbidden", "This isn't allowed.")


def server_error(request: HttpRequest) -> JsonResponse:
    detail = "Something is broken here, and was reported. Name this answer's X-Request-ID when you ask about it."
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


def _error(status: HTTPStatus, code: str, detail: str) -> JsonResponse:
    return JsonResponse({"error": code, "detail": detail}, status=status)
