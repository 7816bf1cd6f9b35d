"""`python -m gateway.guard`: the server, on port 8080."""

import logging
import sys
from pathlib import Path

from aiohttp import web

from gateway.guard import app, logs

SECRETS = Path("/run/secrets")


def main() -> None:
    logs.configure()
    try:
        application = app.application(SECRETS / "gateway_agents", SECRETS / "gateway_users")
    except (OSError, ValueError, KeyError, TypeError) as error:
        logging.getLogger("gateway.guard").critical("A file of secrets/ can't be used: %r.", error)
        sys.exit(1)
    web.run_app(application, host="0.0.0.0", port=8080, access_log=None, print=None, shutdown_timeout=5)  # noqa: S104


if __name__ == "__main__":
    main()
