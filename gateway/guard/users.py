"""Who may log in: names, roles and bcrypt hashes, from the file of `make gateway-user`."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

import bcrypt

ROLES = ("viewer", "operator")
HASH = re.compile(rb"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
# The cost that `make gateway-user` chooses: our passwords are long and random.
COST = 10
# Checked for a name that there isn't, so that the time of an answer doesn't tell which names there are.
NOBODY = bcrypt.hashpw(b"nobody", bcrypt.gensalt(rounds=COST))
# A check takes a twentieth of a second of a processor, and more on a busy one. So many run at once.
AT_ONCE = 2


@dataclass(frozen=True)
class User:
    name: str
    role: str
    bcrypt: bytes


def read(file: Path) -> dict[str, User]:
    text = file.read_text(encoding="utf-8").strip()
    found: dict[str, dict[str, str]] = json.loads(text) if text else {}
    users = {name: User(name, each["role"], each["bcrypt"].encode()) for name, each in found.items()}
    for user in users.values():
        if user.role not in ROLES:
            raise ValueError(f"The role of {user.name} is {user.role!r}; expected one of {', '.join(ROLES)}.")
        if not HASH.fullmatch(user.bcrypt):
            raise ValueError(f"The hash of {user.name} is none of bcrypt's.")
    return users


def credentials(header: str) -> tuple[str, str] | None:
    """Name and password of an Authorization header; None where it has none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


class Users:
    def __init__(self, by_name: dict[str, User]) -> None:
        self.by_name = by_name
        self._running = asyncio.Semaphore(AT_ONCE)
        # What bcrypt has said yes to, as a keyed hash: a page asks dozens of times.
        self._key = secrets.token_bytes(32)
        self._known: set[bytes] = set()

    def remembered(self, name: str, password: str) -> User | None:
        """Without asking bcrypt."""
        user = self.by_name.get(name)
        return user if user and self._digest(name, password) in self._known else None

    async def checked(self, name: str, password: str) -> User | None:
        user = self.by_name.get(name)
        # bcrypt reads 72 bytes; a longer password is none of ours.
        given = password.encode()[:72]
        async with self._running:
            is_right = await asyncio.to_thread(bcrypt.checkpw, given, user.bcrypt if user else NOBODY)
        if user is None or not is_right or len(password.encode()) > len(given):
            return None
        self._known.add(self._digest(name, password))
        return user

    def _digest(self, name: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{name}\0{password}".encode(), hashlib.sha256)
