"""Reads one end of a pipe."""

import os
import threading

from harness.wait import eventually


class Reader(threading.Thread):
    """Reads in pieces until it has seen so many lines."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True)
        self.descriptor = descriptor
        self.text = b""
        self.start()

    def run(self) -> None:
        while piece := os.read(self.descriptor, 10_000):
            self.text += piece

    def lines(self, number: int) -> list[bytes]:
        eventually(lambda: self.text.count(b"\n") >= number, f"{number} lines")
        return self.text.splitlines()
