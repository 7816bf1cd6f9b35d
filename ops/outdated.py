"""`make outdated`: which pins are behind, as far as the registries answer here.

A version that no client can look up is said to be unknown, never to be the newest.
"""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from ops import digests, pin, recipes
from ops.console import OpsError, capture, say, step, table
from ops.engine import numbers
from ops.paths import ROOT
from ops.settings import load as load_settings

STABLE = re.compile(r"v?\d+(\.\d+)*(\.post\d+)?(\+incompatible)?")
REQUIREMENT = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", re.MULTILINE)
LOOK_UP_SECONDS = 60


@dataclass(frozen=True)
class Pin:
    """One exact version and the file that holds it; `versions` asks the registry for all that there are."""

    registry: str
    name: str
    version: str
    file: Path
    versions: Callable[[str], list[str]]


def outdated() -> None:
    images = pin.every_official(load_settings()) if shutil.which("docker") else []
    tags = list(image_tags(images)) if shutil.which("skopeo") else []
    pins = [*go_modules(), *python_packages(), *npm_packages(), *tags]
    with step(f"Asking for {len(pins)} pins"), ThreadPoolExecutor(4) as pool:
        rows = [row for row in pool.map(_row, pins) if row]
        rows += [row for row in pool.map(_moved, digests.pinned().items()) if row]
    if rows:
        say(table(sorted(rows), ["registry", "package", "pinned", "newest of its line", "newest", "file"]))
    count = len(pins) + len(digests.pinned())
    say(f"\n{count - len(rows)} of {count} pins are the newest.")
    if not tags:
        say(
            "Newer tags of official images can't be known from here: found no skopeo on the PATH, which lists a "
            "container registry's tags; Renovate does too (renovate.json)."
        )
    if unpinned := sorted(set(images) - digests.pinned().keys()):
        say(f"{len(unpinned)} of {len(images)} tags have no digest in images/digests.toml: `make pin`.")
    say("Debian's packages aren't pinned: an image that is built anew takes its suite's newest.")


def _row(pin: Pin) -> list[str] | None:
    """A line of the table; None when the pin is the newest."""
    file = str(pin.file.relative_to(ROOT))
    try:
        found = pin.versions(pin.name)
    except OpsError as error:
        return [pin.registry, pin.name, pin.version, "can't be known", str(error), file]
    if STABLE.fullmatch(pin.version):
        found = [version for version in found if STABLE.fullmatch(version)]
    newest = max(found, key=numbers, default=pin.version)
    line = [version for version in found if numbers(version)[:2] == numbers(pin.version)[:2]]
    of_its_line = max(line, key=numbers, default=pin.version)
    if numbers(newest) <= numbers(pin.version) and numbers(of_its_line) <= numbers(pin.version):
        return None
    return [pin.registry, pin.name, pin.version, of_its_line, newest, file]


def _moved(pinned: tuple[str, str]) -> list[str] | None:
    """A line of the table for a tag that is another image by now, or whose registry doesn't answer."""
    image, digest = pinned
    file = str(digests.FILE.relative_to(ROOT))
    try:
        now = pin.ask(image)
    except OpsError as error:
        return ["digest", image, digest[:19], "can't be known", str(error)[:100], file]
    return None if now == digest else ["digest", image, digest[:19], now[:19], now[:19], file]


def go_modules() -> Iterator[Pin]:
    """The module of each program that is built here, without the modules that it needs."""
    for recipe in recipes.recipes().values():
        if recipe.is_go:
            file = recipe.go_folder / "go.mod"
            required = re.findall(r"^(?:require)?\s+(\S+) (v\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
            for module, version in required:
                if f"{recipe.go_packages[0]}/".startswith(f"{module}/"):
                    yield Pin("Go", module, version, file, _go_versions)


def python_packages() -> Iterator[Pin]:
    for file in sorted([*ROOT.glob("requirements/*.in"), *ROOT.glob("[!.]*/**/requirements*.in")]):
        for name, version in REQUIREMENT.findall(file.read_text(encoding="utf-8")):
            yield Pin("PyPI", name, version, file, _python_versions)


def npm_packages() -> Iterator[Pin]:
    file = ROOT / "grafana" / "preview" / "package.json"
    package = json.loads(file.read_text(encoding="utf-8"))
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        yield Pin("npm", name, version, file, _npm_versions)


def image_tags(images: list[str]) -> Iterator[Pin]:
    """The official images; newer are only tags of the same form, such as 17.11-trixie and 17.12-trixie."""
    files = {file: file.read_text(encoding="utf-8") for file in sorted(ROOT.glob("**/compose.yaml"))}
    for image in images:
        name, _, tag = image.rpartition(":")
        file = next((file for file, text in files.items() if image in text), ROOT / "compose.override.yaml")
        yield Pin("images", name, tag, file, partial(_tags, _form(tag)))


def _form(tag: str) -> str:
    return re.sub(r"\d+", "N", tag)


def _tags(form: str, name: str) -> list[str]:
    listed = json.loads(_asked("skopeo", "list-tags", f"docker://{name}"))["Tags"]
    return [tag for tag in listed if _form(tag) == form]


@cache
def _go_versions(name: str) -> list[str]:
    return list(json.loads(_asked("go", "list", "-m", "-versions", "-json", name)).get("Versions", []))


@cache
def _python_versions(name: str) -> list[str]:
    listed = _asked(sys.executable, "-m", "pip", "index", "versions", "--pre", name)
    found = re.search(r"Available versions: (.+)", listed)
    return found.group(1).split(", ") if found else []


@cache
def _npm_versions(name: str) -> list[str]:
    found = json.loads(_asked("npm", "view", name, "versions", "--json"))
    return found if isinstance(found, list) else [found]


def _asked(*command: str) -> str:
    """The client's answer; raises OpsError with its last line."""
    asked = capture(command, timeout=LOOK_UP_SECONDS)
    if asked.returncode != 0:
        raise OpsError((asked.stderr.strip().splitlines() or ["no answer"])[-1].strip()[:100])
    return asked.stdout
