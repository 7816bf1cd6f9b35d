"""How busy this machine has been, with whatever: a figure beside a red test that may have been starved."""

import os
import re
from pathlib import Path

PROC = Path("/proc")


class Load:
    """Of the processor since this was made, of the memory at the moment of asking."""

    def __init__(self) -> None:
        self._begun = _ticks()

    @property
    def processor(self) -> float:
        """The share of the time in which it worked."""
        return 1 - self._share(3, 4)  # idle, iowait

    @property
    def memory(self) -> float:
        """The share that is in use."""
        text = (PROC / "meminfo").read_text(encoding="ascii")
        kib = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
        return 1 - kib["MemAvailable"] / kib["MemTotal"]

    @property
    def sentence(self) -> str:
        cores, (now, _, quarter) = len(os.sched_getaffinity(0)), os.getloadavg()
        return (
            f"The machine's {cores} cores were busy {self.processor:.0%} of the time, {self._share(7):.0%} of it was "
            f"stolen by others; load average {now:.1f} now, {quarter:.1f} over 15 minutes; "
            f"{self.memory:.0%} of the memory is in use."
        )

    def _share(self, *columns: int) -> float:
        """Of proc(5): user, nice, system, idle, iowait, irq, softirq, steal."""
        spent = [now - then for now, then in zip(_ticks(), self._begun, strict=True)]
        return sum(spent[column] for column in columns) / (sum(spent) or 1)


def _ticks() -> list[int]:
    return [int(each) for each in (PROC / "stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]]
