"""Health check for images that have no curl: `python -m sandbox.probe http://127.0.0.1:8095/livez`."""

import http.client
import sys
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 3.0
USAGE = "usage: python -m sandbox.probe http://HOST:PORT/PATH\n"


def probe(url: str) -> str | None:
    """None if the address answers 200, else a sentence with what it answered."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{url} doesn't answer: {error}."
    finally:
        connection.close()
    return None if status == http.HTTPStatus.OK else f"{url} answered {status}; expected 200."


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0].startswith("http://"):
        sys.stderr.write(USAGE)
        return 2
    problem = probe(arguments[0])
    sys.stdout.write(f"{problem or 'OK'}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
