"""Checks a file by the program that will read it, in a container of its own beside the running one."""

from pathlib import Path

from ops.console import OpsError
from ops.stack import Stack


def check(stack: Stack, service: str, program: str, *arguments: str, mount: Path | None = None) -> None:
    """Run `program` of the service's image, with `mount` at /checked; raises OpsError with what it says."""
    volume = ("--volume", f"{mount}:/checked:ro") if mount else ()
    done = stack.attempt("run", "--rm", "--no-deps", "-T", *volume, "--entrypoint", program, service, *arguments)
    if done.returncode != 0:
        raise OpsError(
            f"{program} refuses the checkout's configuration of {service}; what runs stays as it is.\n"
            f"{(done.stdout + done.stderr).strip()}\nCorrect what it names, and run the same command again."
        )
