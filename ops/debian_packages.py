"""Installs missing Debian packages on Debian as root, and says so; elsewhere it says what to install."""

import os

from ops import machine
from ops.console import OpsError, run_logged, step
from ops.paths import LOGS


def install(*names: str, why: str) -> None:
    """Install Debian packages as root; elsewhere OpsError says what to install oneself. `why` ends its sentence."""
    if not machine.is_debian() or not machine.is_root():
        system = machine.os_release().get("PRETTY_NAME", "this system")
        raise OpsError(
            f"{' and '.join(names)} missing: {why}. Found {system}, user id {os.geteuid()}; on Debian as root it would "
            "have been installed for you. Install it and run the same command again."
        )
    with step(f"Installing {' and '.join(names)}: {why}"):
        apt_get("install", "-y", "--no-install-recommends", *names)


def apt_get(*arguments: str) -> None:
    run("apt-get", "-o", "DPkg::Lock::Timeout=300", *arguments)


def run(*command: str) -> None:
    """A command of the package system, which asks nothing."""
    asks_nothing = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}
    run_logged(command, log=LOGS / f"{command[0]}.log", title=command[0], env=asks_nothing)
