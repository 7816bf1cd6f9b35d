"""Refuses a request whose body is too large, before anything of it is written to a disk."""

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse

from django_instrumentation import metrics

PIECE = 64 * 1024
MAX_DIGITS = 18


def refusal(request: HttpRequest, limit: int) -> JsonResponse | None:
    """The answer to a body of more than `limit` bytes, or None. A limit of 0 is none."""
    if not limit or not _is_larger(request, limit):
        return None
    metrics.CLIENT_ERRORS.labels("RequestDataTooBig").inc()
    detail = f"The body is larger than the {limit} bytes that are taken."
    return JsonResponse({"error": "too_large", "detail": detail}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _is_larger(request: HttpRequest, limit: int) -> bool:
    stated = request.META.get("CONTENT_LENGTH") or ""
    if stated.isdecimal():
        # The server hands on no more than that. Python refuses to read a number of thousands of digits.
        return len(stated) > MAX_DIGITS or int(stated) > limit
    if "chunked" not in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return False
    # Under WSGI Django doesn't read a body without a stated length, so nobody else needs these bytes.
    body, read = request.META.get("wsgi.input"), 0
    try:
        while body is not None and read <= limit and (piece := body.read(PIECE)):
            read += len(piece)
    except Exception:  # each server has its own for broken chunks; it closes the connection after the answer
        return False
    return read > limit
