"""Keeps the answer to each Idempotency-Key: a repeated call gets the same one."""

from collections import OrderedDict
from dataclasses import dataclass

from sandbox.bodies import BadRequest, Json

MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Json


class Replies:
    """The newest `keep` answers; an older key is taken for a new one."""

    def __init__(self, *, keep: int) -> None:
        self.keep = keep
        self.kept: OrderedDict[tuple[str, str], tuple[bytes, Reply]] = OrderedDict()

    def find(self, operation: str, key: str, fingerprint: bytes) -> Reply | None:
        if len(key) > MAX_KEY_LENGTH:
            raise BadRequest(f"The Idempotency-Key is longer than {MAX_KEY_LENGTH} characters.")
        if not key or (operation, key) not in self.kept:
            return None
        known, reply = self.kept[operation, key]
        if known != fingerprint:
            raise BadRequest(
                f"The Idempotency-Key {key[:64]!r} was used with another body; use a new key.",
                error="idempotency_conflict",
                status=422,
            )
        return reply

    def remember(self, operation: str, key: str, fingerprint: bytes, reply: Reply) -> None:
        if key:
            self.kept[operation, key] = (fingerprint, reply)
        while len(self.kept) > self.keep:
            self.kept.popitem(last=False)
