"""survivors.yml: mutants that no case notices and why that's accepted; none may lack in it, none be dead."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from prometheus.tests.laboratory import Verdict

PATH = Path(__file__).with_name("survivors.yml")
Key = tuple[str, str, str]


class SurvivorsError(AssertionError):
    """survivors.yml can't be read as a list of rule, mutant and reason."""


def load(path: Path = PATH) -> dict[Key, str]:
    """The reason of each accepted survivor, by (rules file, rule, mutant)."""
    found: dict[Key, str] = {}
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
        if set(entry) != {"file", "rule", "mutant", "reason"} or not str(entry["reason"]).strip().endswith("."):
            raise SurvivorsError(f"Expected file, rule, mutant and a reason of one sentence, found {entry}.")
        key = (entry["file"], entry["rule"], entry["mutant"])
        if key in found:
            raise SurvivorsError(f"Listed twice: {key}.")
        found[key] = str(entry["reason"]).strip()
    return found


def key(verdict: Verdict) -> Key:
    return verdict.component, verdict.rule, verdict.mutant.change


def faults(verdicts: Iterable[Verdict], accepted: dict[Key, str]) -> list[str]:
    """What is wrong between the list and what really survived; only files that were judged count."""
    judged = {key(verdict): verdict.killed for verdict in verdicts}
    files = {file for file, _, _ in judged}
    found = [
        f"Survived without a reason; add a case, or to survivors.yml: {_entry(each)}"
        for each, killed in judged.items()
        if not killed and each not in accepted
    ]
    for each in accepted:
        if each[0] in files and judged.get(each, True):
            state = "is noticed now" if each in judged else "doesn't exist (any more)"
            found.append(f"Listed in survivors.yml but {state}; take it out: {_entry(each)}")
    return found


def _entry(each: Key) -> str:
    dumped = yaml.safe_dump(dict(zip(("file", "rule", "mutant"), each, strict=True)), sort_keys=False, width=100)
    return "\n- " + dumped.strip().replace("\n", "\n  ")
