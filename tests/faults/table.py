"""Every fault: what is broken, what users may notice, and what is promised of it in seconds.

To add one: a fault in ops/faults.py, a row in one of these modules, then `make faults NAME=…`. Rows of one batch run
side by side, so they must not touch each other.
"""

from tests.faults import clocks, disks, loads, networks, receivers, services, stores
from tests.faults.model import Fault

FAULTS: tuple[Fault, ...] = (
    *services.FAULTS,
    *receivers.FAULTS,
    *stores.FAULTS,
    *disks.FAULTS,
    *networks.FAULTS,
    *loads.FAULTS,
    *clocks.FAULTS,
)

# Rows that would end what other phases do on this machine: `make faults NAME=…` alone measures them.
ALONE: frozenset[str] = frozenset({"engine-killed"})
