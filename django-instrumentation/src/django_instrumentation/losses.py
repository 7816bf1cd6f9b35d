"""Warns of what is lost while a service that gets it is away: the first loss at once, then how many there were."""

import logging
from time import monotonic

WARN_SECONDS = 600.0


class Losses:
    def __init__(self, logger: logging.Logger, sentences: str) -> None:
        """`sentences` has two places: for the number of losses, and for the reason of the last one."""
        self.logger = logger
        self.sentences = sentences
        self._lost = 0
        self._warn_at = float("-inf")

    def add(self, reason: str, number: int = 1) -> None:
        self._lost += number
        if monotonic() < self._warn_at:
            return
        lost, self._lost, self._warn_at = self._lost, 0, monotonic() + WARN_SECONDS
        self.logger.warning(self.sentences, lost, reason)
