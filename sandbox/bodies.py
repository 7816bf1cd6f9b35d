"""Reads request bodies of limited size and depth; what is no valid JSON becomes a BadRequest."""

import json

from starlette.requests import ClientDisconnect, Request

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 50

Json = dict[str, object]


class BadRequest(Exception):
    """An input that is refused: a status, a code for programs and a sentence for people."""

    def __init__(self, detail: str, *, error: str = "invalid", status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.error = error
        self.status = status


async def read_body(request: Request) -> bytes:
    received = bytearray()
    try:
        async for chunk in request.stream():
            received += chunk
            if len(received) > MAX_BODY_BYTES:
                sentence = f"The body is larger than {MAX_BODY_BYTES} bytes; send less at once."
                raise BadRequest(sentence, error="too_large", status=413)
    except ClientDisconnect as error:
        raise BadRequest("The client left before the body was complete.", error="incomplete") from error
    return bytes(received)


def parse_json(raw: bytes) -> object:
    try:
        value: object = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}.", error="bad_json") from error
    _check_depth(value)
    return value


def parse_object(raw: bytes) -> Json:
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise BadRequest(f"The body is a JSON {type(value).__name__}; expected an object.")
    return value


def required_text(body: Json, field: str, *, maximum: int) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value.strip() or len(value) > maximum:
        raise BadRequest(f"'{field}' is missing or wrong; expected a text of 1 to {maximum} characters.")
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return
    raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.", error="bad_json")
