"""Faults of a service's clock: ahead, behind, and stepping, by libfaketime in a container that is made anew for it.

The library reads the offset from a file, so that the clock of a running process steps. The monotonic clock and the
times of files stay true, as where a machine's clock is set. The library stays in the container, with an offset of 0,
until the next `make up`.
"""

import json
from pathlib import Path
from threading import Event

from ops import fault_acts as acts
from ops import files, image_source
from ops.console import output
from ops.fault_acts import Act, Fault
from ops.stack import Stack

SECONDS = 3600
STEPS, STEP_SECONDS = 12, 5
READ_SECONDS = 1
"""How old the library's knowledge of the file may be."""
MOUNTED = "/run/clock"
LIBRARY = "libfaketime.so.1"
ENVIRONMENT = {
    "LD_PRELOAD": f"{MOUNTED}/{LIBRARY}",
    "FAKETIME_CACHE_DURATION": str(READ_SECONDS),
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "NO_FAKE_STAT": "1",
}
SERVICES = ("erp-web", "erp-worker", "erp-beat", "bugsink")


def _folder(stack: Stack) -> Path:
    return stack.local / "clocks"


def prepare(service: str) -> Act:
    """Makes the service anew with the library, where it doesn't have it; its clock stays right."""

    def act(stack: Stack) -> None:
        folder = _folder(stack)
        if not (folder / LIBRARY).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            image = image_source.have(stack, "faketime")
            output(["docker", "run", "--rm", f"--volume={folder}:/out", image, "cp", f"/usr/lib/{LIBRARY}", "/out"])
        if not (folder / service).is_file():
            _set(stack, service, 0)
        given = {
            "environment": {**ENVIRONMENT, "FAKETIME_TIMESTAMP_FILE": f"{MOUNTED}/{service}"},
            "volumes": [f"{folder}:{MOUNTED}:ro"],
        }
        files.update(folder / f"{service}.yaml", json.dumps({"services": {service: given}}))
        more = ("-f", str(folder / f"{service}.yaml"))
        stack.compose(*more, "up", "--detach", "--no-deps", "--wait", service, timeout=180)

    return act


def _set(stack: Stack, service: str, seconds: int) -> None:
    files.update(_folder(stack) / service, f"{seconds:+d}\n")


def offset(service: str, seconds: int) -> Act:
    return lambda stack: _set(stack, service, seconds)


def _step(service: str) -> Act:
    """An hour ahead, an hour behind, right, and so on, for a minute; right at the end."""

    def act(stack: Stack) -> None:
        try:
            for number in range(STEPS):
                _set(stack, service, (SECONDS, -SECONDS, 0)[number % 3])
                Event().wait(STEP_SECONDS)
        finally:
            _set(stack, service, 0)

    return act


def _correct(service: str) -> Act:
    """Ahead for long enough that beat has sent each of its tasks once by that clock, then right."""
    return acts.together(offset(service, SECONDS), lambda _: Event().wait(STEPS * STEP_SECONDS), offset(service, 0))


def _set_right(service: str, seconds: int) -> Act:
    right = offset(service, 0)
    # As its runbook has it: beat would send a task again only when it is as late as it was by the clock that was ahead.
    return acts.together(right, acts.compose("restart", service)) if service == "erp-beat" and seconds > 0 else right


FAULTS: dict[str, Fault] = {
    f"{service}-clock-{name}": Fault(
        f"the clock of {service} is an hour {name}",
        acts.together(prepare(service), offset(service, seconds)),
        _set_right(service, seconds),
        prepare(service),
    )
    for service in SERVICES
    for name, seconds in (("ahead", SECONDS), ("behind", -SECONDS))
}
FAULTS |= {
    "erp-web-clock-stepping": Fault(
        "the clock of erp-web jumps an hour ahead and behind every 5 s, for a minute",
        acts.together(prepare("erp-web"), _step("erp-web")),
        acts.nothing,
        prepare("erp-web"),
    ),
    "erp-beat-clock-corrected": Fault(
        "the clock of erp-beat, an hour ahead, is set right while it runs",
        acts.together(prepare("erp-beat"), _correct("erp-beat")),
        acts.compose("restart", "erp-beat"),
        prepare("erp-beat"),
    ),
}
