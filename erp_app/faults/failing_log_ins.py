"""60 log-ins with a wrong password."""

import json
import urllib.error
import urllib.request

body = json.dumps({"username": "buyer", "password": "wrong on purpose"}).encode()
for _ in range(60):
    request = urllib.request.Request(
        "http://127.0.0.1:8000/api/login", data=body, headers={"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
