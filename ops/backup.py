"""`make backup`: what can't be made anew, encrypted, while the stack runs; docs/operations/backup.md."""

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops import release, repository, secrets
from ops.console import OpsError, capture, output, say, step
from ops.lock import alone
from ops.paths import ROOT
from ops.repository import CREDENTIALS, DATABASE, FORMAT, STORES, TAG, Repository, in_store, megabytes
from ops.stack import Stack, refuse_scaled
from ops.wait import attempts

PASSPHRASE = "backup_passphrase"  # noqa: S105 - the name of its file
OWN_FILES = (
    ".env",
    "compose.override.yaml",
    "targets/*.yml",
    "applications/*.toml",
    "prometheus/rules/own/*.yml",
    "loki/rules/own*.yml",
)
"""Files of the checkout that are its user's own, which git doesn't have."""
SPARE_BYTES = 256 * 1024**2
SNAPSHOT_SECONDS = 600.0
SNAPSHOT_URL = "http://127.0.0.1:9090/api/v1/admin/tsdb/snapshot"


@dataclass(frozen=True)
class Kept:
    """`identity` is what SNAPSHOT= takes; `content` and `added` are bytes, of all data and of what is new."""

    identity: str
    place: Path | str
    content: int
    added: int


def backup(stack: Stack, to: str = "") -> Kept:
    started = time.monotonic()
    refuse_scaled(stack, "backup")
    target = repository.place(to or stack.settings["BACKUP_TO"])
    passphrase = stack.settings.secrets / PASSPHRASE
    kept = Repository(stack, target, passphrase, passphrase, stack.settings.secrets / CREDENTIALS)
    if isinstance(target, Path):
        _check_folder(target)
    _check_running(stack)
    kept.prepare()
    _make_passphrase(passphrase)
    is_new = not kept.is_there()
    with alone("stack"), _stage(stack) as stage:
        if is_new:
            if isinstance(target, Path):
                target.mkdir(parents=True, exist_ok=True)
            kept.work("init", title="Making the place for backups")
        else:
            _check_ownership(kept)
            kept.work("unlock", title="Removing what a killed backup left")
        manifest = _collect(stack, stage)
        content = sum(each["bytes"] for each in manifest["stores"].values())
        if isinstance(target, Path):
            _check_disk(kept, target, content)
        identity, added = _keep(kept, stage, manifest)
        _forget_old(kept)
        _tell_prometheus(stack)
    say(
        f"\nBackup {identity} is in {target}: {megabytes(content)} of data, {megabytes(added)} of it new there, "
        f"{megabytes(kept.size())} in all, after {time.monotonic() - started:.0f} s. \n"
        f"`make restore FROM={target}` puts it back."
    )
    return Kept(identity, target, content, added)


def command(stack: Stack, to: str = "") -> None:
    backup(stack, to)


def _check_folder(target: Path) -> None:
    """It may hold nothing, or what an earlier backup made of it."""
    if not (target / "config").is_file() and target.is_dir() and any(target.iterdir()):
        raise OpsError(
            f"{target} holds files and no backups; expected an empty folder, or one that `make backup` wrote to. Name "
            "another one by TO=."
        )


def _check_running(stack: Stack) -> None:
    wanted = {name for name in (*STORES, DATABASE) if name in stack.model["services"]}
    if missing := sorted(wanted - stack.running()):
        raise OpsError(
            f"Not running: {', '.join(missing)}; expected every store, for a backup is made of running ones. Run "
            "`make up`."
        )


def _make_passphrase(file: Path) -> None:
    """Where there is none. It is printed at once: what fails later doesn't keep it from whoever has to know it."""
    if file.exists():
        return
    made = secrets.random_text(40)
    secrets.write(file, made)
    say(
        f"The passphrase of the backups, printed this once: {made}\n"
        "Keep it elsewhere than on this machine: without it nobody can read the backups, and its only other copy is "
        f"{file}.\n"
    )


def _check_ownership(kept: Repository) -> None:
    """Refuses a place with somebody else's backups, or with those of another stack."""
    found = {str(each["hostname"]) for each in kept.snapshots()}
    if foreign := sorted(found - {kept.stack.project}):
        raise OpsError(
            f"{kept.place} has backups of {', '.join(foreign)}; expected those of {kept.stack.project}. Name another "
            "place by TO=: each stack has one of its own."
        )


@contextmanager
def _stage(stack: Stack) -> Iterator[Path]:
    """A folder for what isn't in a volume; at the end it and the copies in the volumes are gone."""
    folder = stack.local / "backup"
    shutil.rmtree(folder, ignore_errors=True)
    repository.private_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        capture(repository.shell(stack, "rm -rf /stores/*/.backup"), timeout=600)


def _stores(stack: Stack) -> list[str]:
    return [name for name in STORES if name in stack.model["services"]]


def _collect(stack: Stack, stage: Path) -> dict[str, Any]:
    """Copy everything to where restic reads it, and write what that is."""
    stores: dict[str, Any] = {}
    for name in _stores(stack):
        with step(f"Copying {name}"):
            found = in_store(stack, "copy", name)
            if name == "prometheus":
                _snapshot(stack)
                found = in_store(stack, "keep-snapshot", name)
            stores |= found
    if DATABASE in stack.model["services"]:
        with step(f"Dumping {DATABASE}"):
            stores[DATABASE] = _dump(stack, stage / "erp-db.dump")
    _copy_files(stack, stage / "files")
    services = [name for name in (*STORES, DATABASE) if name in stores]
    started_from = release.recorded(stack.settings) or release.here()
    manifest = {
        "format": FORMAT,
        "project": stack.project,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": started_from.commit if started_from else "",
        "images": {name: image for name, image in stack.running_images().items() if name in services},
        "stores": stores,
    }
    (stage / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def _snapshot(stack: Stack) -> None:
    """Open the copy in a Prometheus without a network, and have it make a snapshot."""
    name = f"{stack.project}-backup-prometheus"
    capture(["docker", "rm", "--force", name])
    output(repository.container(stack, "backup-prometheus", options=("--detach", f"--name={name}")), timeout=120)
    try:
        ask = ["docker", "exec", name, "wget", "-q", "-O", "-", "--post-data=", SNAPSHOT_URL]
        for _ in attempts(SNAPSHOT_SECONDS, 0.5):
            asked = capture(ask, timeout=SNAPSHOT_SECONDS)
            if asked.returncode == 0:
                return
            if output(["docker", "inspect", "--format", "{{.State.Running}}", name]).strip() != "true":
                break
        log = capture(["docker", "logs", "--tail", "5", name]).stderr.strip()
        raise OpsError(
            f"No snapshot of Prometheus' copy within {SNAPSHOT_SECONDS:.0f} s, at last {asked.stderr.strip()}; the "
            f"last lines of the Prometheus that had opened it:\n{log}"
        )
    finally:
        capture(["docker", "rm", "--force", name])


def _dump(stack: Stack, file: Path) -> dict[str, Any]:
    ask = ("--tuples-only", "--no-align", "--command=SELECT pg_database_size('erp')")
    size = int(stack.compose("exec", "--no-TTY", DATABASE, "psql", "--username=postgres", *ask))
    remedy = "Free some space and run `make backup` again."
    repository.want_disk(file.parent, size + SPARE_BYTES, f"a dump of {DATABASE} in {file.parent}", remedy)
    # Not compressed: restic does that, and finds again what has stayed as it was.
    dump = ["pg_dump", "--username=postgres", "--format=custom", "--compress=0", "erp"]
    with file.open("wb") as sink:
        done = subprocess.run(
            [*stack.command, "exec", "--no-TTY", DATABASE, *dump],
            stdout=sink,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            check=False,
            env=stack.environment,
        )
    if done.returncode != 0:
        raise OpsError(f"pg_dump failed: {done.stderr.decode(errors='replace').strip()}. Run `make backup` again.")
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"files": 1, "bytes": file.stat().st_size, "digest": digest}


def _copy_files(stack: Stack, target: Path) -> None:
    """The secrets, and the files of the checkout that are its user's own."""
    shutil.copytree(stack.settings.secrets, target / "secrets")
    for pattern in OWN_FILES:
        for path in sorted(ROOT.glob(pattern)):
            copy = target / "checkout" / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)


def _check_disk(kept: Repository, target: Path, content: int) -> None:
    """Room for all that isn't in the folder yet, as if restic compressed nothing."""
    needed = max(content - kept.size(), content // 10) + SPARE_BYTES
    remedy = "Free some space, or name another folder by TO=."
    repository.want_disk(target, needed, f"a backup in {target}", remedy)


def _keep(kept: Repository, stage: Path, manifest: dict[str, Any]) -> tuple[str, int]:
    """The backup's name, and how much of it is new there."""
    volumes = [f"/stores/{name}/{repository.CONTENT}" for name in manifest["stores"] if name != DATABASE]
    options = ("--json", "--ignore-ctime", "--group-by=host", f"--host={kept.stack.project}", f"--tag={TAG}")
    with step("Encrypting"):
        try:
            mount = (f"--volume={stage}:/stage:ro",)
            kept.work("backup", *options, "/stage", *sorted(volumes), title="restic backup", options=mount)
        except OpsError:
            # What couldn't be read is missing from the backup that restic makes nevertheless.
            if summary := _summary(kept):
                kept.work("forget", summary["snapshot_id"], title="restic forget")
            raise
    summary = _summary(kept)
    return str(summary["snapshot_id"])[:8], int(summary["data_added_packed"])


def _summary(kept: Repository) -> dict[str, Any]:
    lines = [line for line in kept.log.read_text(encoding="utf-8").splitlines() if '"message_type":"summary"' in line]
    return dict(json.loads(lines[-1])) if lines else {}


def _forget_old(kept: Repository) -> None:
    """Delete what is older than the settings say, and see that what stays is whole."""
    settings = kept.stack.settings
    lengths = [f"--keep-{each}={settings[f'BACKUP_KEEP_{each.upper()}']}" for each in ("daily", "weekly", "monthly")]
    own = (f"--host={kept.stack.project}", f"--tag={TAG}", "--group-by=host")
    with step("Deleting old backups, checking what stays"):
        kept.work("forget", "--keep-last=1", *lengths, *own, "--prune", title="restic forget")
        kept.work("check", title="restic check")


def _tell_prometheus(stack: Stack) -> None:
    """Node exposes it; the alert BackupTooOld reads it."""
    name = "backup_last_success_timestamp_seconds"
    text = f"# HELP {name} When the last good backup was finished.\n# TYPE {name} gauge\n{name} {time.time():.0f}\n"
    in_store(stack, "write-metrics", text, user="0:0")
