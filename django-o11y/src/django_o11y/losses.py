"""Tells of what is lost while a service that gets it is away: the first loss at once, then how many there were."""

import logging
from time import monotonic

TELL_SECONDS = 600.0


class Losses:
    def __init__(self, logger: logging.Logger, sentences: str) -> None:
        """`sentences` has two places: for the number of losses, and for the reason of the last one."""
        self.logger = logger
        self.sentences = sentences
        self._untold = 0
        self._tell_at = float("-inf")

    def add(self, reason: str, number: int = 1) -> None:
        self._untold += number
        if monotonic() < self._tell_at:
            return
        told, self._untold, self._tell_at = self._untold, 0, monotonic() + TELL_SECONDS
        self.logger.warning(self.sentences, told, reason)
