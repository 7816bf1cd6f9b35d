"""Turns a fault of the partner or of the inbox on or off, in its container: `python -m sandbox.switch payment error`.

With a port for a program that doesn't listen on the partner's: `python -m sandbox.switch slack busy 8095`.
"""

import http.client
import json
import sys
from contextlib import closing


def main(name: str, mode: str, port: int | str = 8080) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)) as connection:
        connection.request("PUT", f"/switches/{name}", body=json.dumps({"mode": mode}))
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(answer.read().decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
