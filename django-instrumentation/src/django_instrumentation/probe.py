"""Health check of a container: `python -m django_instrumentation.probe URL` exits with 0 if it answers 200, else 1."""

import http.client
import sys
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 4.0


def check(url: str) -> str | None:
    """What is wrong with the answer of `url`, or None."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return f"{url!r} is no URL that can be probed; expected http://host:port/path"
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        body = answer.read(500)
    except (OSError, http.client.HTTPException) as error:
        return f"{url} didn't answer: {error!r}"
    finally:
        connection.close()
    if answer.status == http.client.OK:
        return None
    return f"{url} answered {answer.status}, expected 200: {body.decode(errors='replace')}"


def main(arguments: list[str]) -> int:
    problem = check(arguments[0]) if len(arguments) == 1 else "usage: python -m django_instrumentation.probe URL"
    if problem:
        sys.stderr.write(f"{problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
