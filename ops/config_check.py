"""Checks a file by the program that will read it, in a container of its own beside the running one."""

import re
from pathlib import Path

from ops.console import OpsError
from ops.stack import ONCE, Stack

WELL = re.compile(r"^\s*(SUCCESS|WARNING)\b")


def check(
    stack: Stack, service: str, program: str, *arguments: str, mount: Path | None = None, refused: str = ""
) -> None:
    """Run `program` of the service's image, with `mount` at /checked; raises OpsError with what it says.

    `refused` names what is checked where it isn't the service's whole configuration, and what becomes of it.
    """
    refused = refused or f"the checkout's configuration of {service}; what runs stays as it is"
    volume = ("--volume", f"{mount}:/checked:ro") if mount else ()
    done = stack.attempt(*ONCE, *volume, "--entrypoint", program, service, *arguments)
    if done.returncode != 0:
        raise OpsError(
            f"{program} refuses {refused}.\n{said_of_the_fault(done.stdout + done.stderr)}\n"
            "Correct what it names, and run the same command again."
        )


def said_of_the_fault(said: str) -> str:
    """promtool checks file by file; those that it takes and what it merely warns of are left out."""
    lines = said.strip().splitlines()
    failed = next((number for number, line in enumerate(lines) if "FAILED" in line), 1)
    kept = [line for line in lines[max(failed - 1, 0) :] if line.strip() and not WELL.search(line)]
    return "\n".join(kept)
