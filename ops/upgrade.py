"""`make upgrade`: the running stack becomes this checkout's, one service at a time; docs/operations/upgrade.md.

What fails before the first service is replaced leaves everything as it was. What fails later goes back by itself.
"""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from ops import alerts, backup, commands, release, reload, restore, switched_off, up
from ops.console import OpsError, run_logged, say, step, table
from ops.lock import alone
from ops.paths import ROOT
from ops.release import Release
from ops.repository import DATABASE, STORES
from ops.stack import Stack, foreign_folder, refuse_scaled
from ops.start import start_one
from ops.wait import attempts

MAJOR_PAGE = 'docs/operations/upgrade.md, "PostgreSQL\'s next major version"'
BACK_SECONDS = 3600.0
SETTLE_SECONDS = 600.0


@dataclass(frozen=True)
class Before:
    """What to go back to: another folder, which is as it was, or a commit of this one."""

    folder: Path
    release: Release | None

    @property
    def name(self) -> str:
        return self.release.name if self.release else str(self.folder)


def upgrade(origin: str = "") -> None:
    """`origin` names the commit that runs, where no start has recorded it."""
    started = time.monotonic()
    stack = commands.current()
    refuse_scaled(stack, "upgrade")
    before = find_before(stack, origin)
    target = release.here()
    if target and before.release and before.folder == ROOT and before.release.commit == target.commit:
        say(f"{target.name} is what runs already. `make up` starts what of it doesn't run.")
        return
    check_well(stack)
    images = stack.running_images()
    check_data(images, stack.model["services"])
    _tell(images, stack.model["services"])
    with alone("stack"):
        stack, _ = up.prepare()
        reload.check_files(stack)
    kept = backup.backup(stack)
    try:
        with alone("stack"):
            replace(stack)
            up.finish(stack)
        _settle(stack)
        _smoke()
    except OpsError as error:
        say(f"\nThe upgrade failed: {error}\n")
        _go_back(stack, before, kept)
        raise OpsError(
            f"The stack is {before.name} again, with the data that came meanwhile; what failed is said above. Mend it "
            "and run `make upgrade` in the new checkout again."
        ) from None
    say(f"\nUpgraded from {before.name} to {target.name if target else ROOT} after {time.monotonic() - started:.0f} s.")


def find_before(stack: Stack, origin: str) -> Before:
    """Raises OpsError where the way back isn't sure."""
    if other := foreign_folder(stack.settings):
        if not Path(other, "Makefile").is_file():
            raise OpsError(
                f"The stack {stack.project} was started from {other}, where no checkout is any more; expected it there "
                "to go back to. Run `make backup`, then `make up`, which takes the stack over without a way back."
            )
        return Before(Path(other), None)
    found = release.find(origin) if origin else release.recorded(stack.settings)
    if found is None:
        raise OpsError(
            "It isn't known which commit the running stack was started from: found no record of it, which a start by "
            "0.1.0 doesn't leave; expected it, to go back to. Name it: `make upgrade FROM=COMMIT`. `git reflog` lists "
            "the commits that were checked out here."
        )
    if found.is_changed:
        raise OpsError(
            f"The running stack was started from {found.name} with changes that weren't committed; going back would "
            f"lose them. Commit them on a branch, or go without them: `make upgrade FROM={found.commit[:12]}`."
        )
    if changed := release.changed_files():
        raise OpsError(
            f"Files of this checkout differ from its commit: {', '.join(changed[:5])}; expected none, because going "
            "back checks out another commit. Commit them, or put them aside by `git stash`."
        )
    return Before(ROOT, found)


def check_well(stack: Stack) -> None:
    """Raises OpsError where something is ill already: what was ill before would be taken for the upgrade's doing."""
    containers = stack.containers()
    if not any(each["State"] == "running" for each in containers):
        raise OpsError(f"Nothing of the stack {stack.project} runs, so there is nothing to upgrade. Run `make up`.")
    once = {each["Service"] for each in containers if "Exited (0)" in each["Status"]}
    if ill := commands.ill(containers, once):
        raise OpsError(
            f"Not well: {', '.join(ill)}; expected a healthy stack, else nobody could tell what the upgrade broke. "
            "`make status` shows it."
        )
    if firing := critical(stack):
        raise OpsError(
            f"Critical alerts fire: {', '.join(firing)}; expected none, else nobody could tell what the upgrade broke. "
            "Mend what they name, or silence it: `make silence`."
        )


def critical(stack: Stack) -> list[str]:
    """The critical alerts that fire and aren't silenced."""
    listed = json.loads(alerts.amtool(stack, "alert", "query", "--output=json", "severity=critical"))
    return sorted({each["labels"]["alertname"] for each in listed})


def check_data(running: Mapping[str, str], services: Mapping[str, Any]) -> None:
    """Refuse programs that can't open the data that is there."""
    stores = {name: (image, str(services[name]["image"])) for name, image in running.items() if name in services}
    stores = {name: each for name, each in stores.items() if name in (*STORES, DATABASE)}
    if DATABASE in stores and len({restore.version(image).split(".")[0] for image in stores[DATABASE]}) > 1:
        there, here = (restore.version(image) for image in stores[DATABASE])
        raise OpsError(
            f"{DATABASE} runs PostgreSQL {there}, this checkout has {here}, which can't open its files. "
            f"{MAJOR_PAGE} says how its data gets there."
        )
    newer = [
        f"{name} {restore.version(there)} (here {restore.version(here)})"
        for name, (there, here) in stores.items()
        if restore.is_newer(there, here)
    ]
    if newer:
        raise OpsError(
            f"Newer programs run than this checkout has: {', '.join(newer)}; older ones may not open their data. To go "
            "back nevertheless, put the backup back that was made before the upgrade: `make restore FROM=… "
            "SNAPSHOT=… CONFIRM=yes` here; what came later is lost then."
        )


def _tell(running: Mapping[str, str], services: Mapping[str, Any]) -> None:
    """Which images change."""
    here = {name: str(each["image"]) for name, each in services.items()}
    rows = [
        [name, running.get(name, "-").rpartition("/")[2], here.get(name, "-").rpartition("/")[2]]
        for name in sorted(running.keys() | {each for each in here if services[each].get("restart") != "no"})
        if running.get(name) != here.get(name)
    ]
    say(table(rows, ["service", "runs", "this checkout"]) if rows else "Every service keeps its image.")
    say("A service whose image stays is replaced too where its files or flags differ.\n")


def order(services: Mapping[str, Any]) -> list[str]:
    """Each service after those that it depends on, else by name."""
    graph = {name: sorted(services[name].get("depends_on", {}).keys() & services.keys()) for name in sorted(services)}
    return list(TopologicalSorter(graph).static_order())


def replace(stack: Stack) -> None:
    """One service at a time, each healthy before the next one stops. One-shots run for those that wait for them."""
    switched_off.stop(stack)
    for service in order(stack.model["services"]):
        if service not in stack.one_shots:
            with step(service):
                start_one(stack, service)


def _settle(stack: Stack) -> None:
    """Wait for the end of what the replacing itself has caused; what stays is for `make smoke` to judge."""
    firing = critical(stack)
    if not firing:
        return
    with step(f"Waiting for the end of {', '.join(firing)}"):
        for _ in attempts(SETTLE_SECONDS, 5):
            if not critical(stack):
                return


def _smoke() -> None:
    say("")
    done = subprocess.run(["make", "-s", "--no-print-directory", "smoke"], cwd=ROOT, check=False)
    if done.returncode != 0:
        raise OpsError(f"`make smoke` ended with {done.returncode}, expected 0.")


def _go_back(stack: Stack, before: Before, kept: backup.Kept) -> None:
    remedy = (
        f"The data as it was before: `make restore FROM={kept.place} SNAPSHOT={kept.identity} CONFIRM=yes`; what came "
        "later is lost then."
    )
    with step(f"Going back to {before.name}"):
        try:
            if before.release:
                release.check_out(before.release)
            command = ["make", "-s", "--no-print-directory", "-C", str(before.folder), "up"]
            run_logged(command, log=stack.settings.logs / "upgrade-back.log", title="make up", limit=BACK_SECONDS)
        except OpsError as error:
            raise OpsError(f"Going back to {before.name} failed too: {error}\n{remedy}") from None
    if before.release:
        release.record(stack.settings)  # a start by 0.1.0 doesn't
    say(f"    Backup {kept.identity} is of before the upgrade. Where a store can't read what the new one wrote:")
    say(f"    {remedy}")
