"""Health check for images that have no curl: `python -m sandbox.probe http://127.0.0.1:8095/livez`."""

import sys
import urllib.request


def main(url: str) -> None:
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        without_proxy.open(url, timeout=3).close()
    except OSError as error:
        sys.exit(f"{url}: {error}; expected status 200.")


if __name__ == "__main__":
    main(sys.argv[1])
