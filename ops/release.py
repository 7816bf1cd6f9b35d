"""Which commit the running stack was started from: where `make upgrade` goes back to."""

import json
from dataclasses import asdict, dataclass

from ops import files
from ops.console import OpsError, capture, output
from ops.paths import ROOT
from ops.settings import Settings

FILE = "release.json"


@dataclass(frozen=True)
class Release:
    """`is_changed`: files that git has were other than in that commit."""

    commit: str
    is_changed: bool = False

    @property
    def name(self) -> str:
        """Its tag, with the number of commits since where there are some; without a tag, the commit's short name."""
        return capture(_git("describe", "--tags", "--always", self.commit)).stdout.strip() or self.commit[:12]


def _git(*arguments: str) -> list[str]:
    return ["git", "-C", str(ROOT), *arguments]


def here() -> Release | None:
    """This checkout's; None where it isn't one of git."""
    top = capture(_git("rev-parse", "--show-toplevel", "HEAD"))
    if top.returncode != 0 or top.stdout.split("\n")[0] != str(ROOT):
        return None
    return Release(top.stdout.split("\n")[1], bool(changed_files()))


def changed_files() -> list[str]:
    """Files that git has and that differ from its last commit."""
    return output(_git("diff", "--name-only", "HEAD"), timeout=120).splitlines()


def find(name: str) -> Release:
    """The commit or tag of that name; raises OpsError where git has none."""
    found = capture(_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"))
    if found.returncode != 0:
        raise OpsError(
            f"Git has no commit {name!r} here; expected a tag or commit of this repository. `git tag` lists the tags, "
            "`git fetch --tags` brings them here."
        )
    return Release(found.stdout.strip())


def check_out(release: Release) -> None:
    """Have the files as that commit has them. Files of the user's own, which git ignores, stay."""
    output(_git("checkout", "--quiet", "--detach", release.commit), timeout=120)


def record(settings: Settings) -> None:
    """To be called once the stack has started from this checkout."""
    if found := here():
        files.update(settings.local / FILE, json.dumps(asdict(found), indent=1))
    else:
        (settings.local / FILE).unlink(missing_ok=True)


def recorded(settings: Settings) -> Release | None:
    """What the last start has recorded; None where it was one of 0.1.0, or not from a checkout of git."""
    file = settings.local / FILE
    return Release(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None
