"""Configures logging and runs a program; a ConfigError ends it with one log line."""

import logging
import sys
from collections.abc import Callable

from sandbox import logs
from sandbox.settings import ConfigError


def run(service: str, main: Callable[[], None]) -> None:
    logs.configure(service)
    try:
        main()
    except ConfigError as error:
        logging.getLogger(__name__).critical("%s", error)
        sys.exit(1)
