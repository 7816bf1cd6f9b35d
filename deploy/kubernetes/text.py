"""Objects as YAML that people can read and yamllint takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

MARK = "# Made by `make kubernetes`"


class Dumper(yaml.SafeDumper):
    """Indents lists, writes out what is there twice, and has a text of several lines as a block."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _string)


def dump(source: str, documents: Sequence[dict[str, Any]]) -> str:
    """The documents of one file, with where they come from."""
    given = yaml.dump_all(documents, Dumper=Dumper, sort_keys=False, width=110, allow_unicode=True)
    return f"{MARK} from {source}: change it there.\n{given}"
