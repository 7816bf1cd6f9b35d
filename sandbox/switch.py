"""Turns a fault of the partner API on or off: `python -m sandbox.switch payment error`."""

import http.client
import json
import os
import sys
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 5.0
USAGE = "usage: python -m sandbox.switch <payment|shipping> <ok|error|slow|timeout|garbage>\n"


def set_switch(partner_url: str, name: str, mode: str) -> str:
    """The sentence to print; raises SystemExit with one when the switch wasn't turned."""
    connection = http.client.HTTPConnection(urlsplit(partner_url).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("PUT", f"/switches/{name}", body=json.dumps({"mode": mode}))
        answer = json.load(connection.getresponse())
    except (OSError, http.client.HTTPException, ValueError) as error:
        sys.exit(f"The partner API at {partner_url} doesn't answer as expected: {error}.")
    if "previous" not in answer:
        sys.exit(answer["detail"])
    return f"{name}: {answer['previous']} -> {mode}"


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not all(word.isalpha() and word.isascii() for word in arguments):
        sys.stderr.write(USAGE)
        return 2
    print(set_switch(os.environ.get("PARTNER_URL", "http://127.0.0.1:8080"), *arguments))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
