"""Reads JSON bodies. DRF's own parser takes bodies of any size and answers deep nesting with a 500."""

import json
from typing import Any

from rest_framework.parsers import BaseParser

from config.errors import BadJson, TooLarge

MAX_BODY = 256 * 1024


class JsonParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise TooLarge(f"The body is larger than {MAX_BODY} bytes.")
        try:
            return json.loads(body.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise BadJson("The body is no valid JSON; expected one object in UTF-8.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
