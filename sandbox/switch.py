"""Turns a fault of the partner API on or off, inside its container: `python -m sandbox.switch payment error`."""

import http.client
import json
import sys
from contextlib import closing


def main(api: str, mode: str, port: int = 8080) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("PUT", f"/switches/{api}", body=json.dumps({"mode": mode}))
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(answer.read().decode())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
