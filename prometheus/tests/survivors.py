"""survivors.yml: mutants that no case notices, each with the reason why that's accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

PATH = Path(__file__).with_name("survivors.yml")
Key = tuple[str, str, str]  # rules file, rule, mutant


def load(path: Path = PATH) -> dict[Key, str]:
    """The reason of each accepted survivor."""
    listed = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return {(each["file"], each["rule"], each["mutant"]): each["reason"] for each in listed}


def faults(survived: Iterable[Key], accepted: Mapping[Key, str]) -> list[str]:
    """What is wrong between the list and what survived."""
    survived = list(survived)
    missing = [each for each in survived if each not in accepted]
    extra = [each for each in accepted if each not in survived]
    return [
        *(f"Survived without a reason; add a case, or to survivors.yml:{_entry(each)}" for each in missing),
        *(f"In survivors.yml, but noticed now or gone; take it out:{_entry(each)}" for each in extra),
    ]


def _entry(each: Key) -> str:
    dumped = yaml.safe_dump(dict(zip(("file", "rule", "mutant"), each, strict=True)), sort_keys=False, width=100)
    return "\n- " + dumped.strip().replace("\n", "\n  ")
