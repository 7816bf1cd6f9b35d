"""Turns a fault of the partner API on or off: `python -m sandbox.switch payment error`."""

import http.client
import json
import os
import sys
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 5.0
USAGE = "usage: python -m sandbox.switch <payment|shipping> <ok|error|slow|timeout|garbage>\n"


def set_switch(partner_url: str, name: str, mode: str) -> tuple[int, str]:
    """The exit code and the sentence to print."""
    connection = http.client.HTTPConnection(urlsplit(partner_url).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("PUT", f"/switches/{name}", body=json.dumps({"mode": mode}))
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 1, f"The partner API at {partner_url} doesn't answer as expected: {error}."
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        return 1, str(answer.get("detail", answer))
    return 0, f"{answer['switch']}: {answer['previous']} -> {answer['mode']}"


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not all(word.isalpha() and word.isascii() for word in arguments):
        sys.stderr.write(USAGE)
        return 2
    code, sentence = set_switch(os.environ.get("PARTNER_URL", "http://127.0.0.1:8080"), *arguments)
    (sys.stderr if code else sys.stdout).write(f"{sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
