"""Which token belongs to which host, and of which applications it may write: the file of `make agent-token`."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

# The programs of the host itself: Prometheus, Promtail and the exporters.
OWN_PROGRAMS = "monitoring"


@dataclass(frozen=True)
class Agent:
    host: str
    applications: frozenset[str]


def read(file: Path) -> dict[str, Agent]:
    """Agents by the SHA-256 of their token. The file has them by host; an empty one has none."""
    text = file.read_text(encoding="utf-8").strip()
    hosts: dict[str, dict[str, object]] = json.loads(text) if text else {}
    return {str(entry["sha256"]): _agent(host, entry["applications"]) for host, entry in hosts.items()}


def _agent(host: str, applications: object) -> Agent:
    if not isinstance(applications, list):
        raise ValueError(f"The applications of {host} are {applications!r}; expected a list of names.")
    return Agent(host, frozenset(map(str, applications)) | {OWN_PROGRAMS})


def digest(token: str) -> str:
    """A token is long and random, so one round is enough to keep it from whoever reads the file."""
    return hashlib.sha256(token.encode()).hexdigest()
