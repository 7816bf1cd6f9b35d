"""A visit of the admin's log-in page every 15 seconds: 4 of the service's 115 answers a minute, so it stays well."""

import sys
import time
import urllib.error
import urllib.request

page = urllib.request.Request("http://127.0.0.1:8000/admin/login/", headers={"Cookie": "sessionid=" + 32 * "a"})
for _ in range(int(sys.argv[2]) // 15):
    try:
        urllib.request.urlopen(page, timeout=5).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
    time.sleep(15)
