"""`make restore FROM=place`: volumes, database, secrets and settings as `make backup` kept them, then `make up`."""

import io
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ops import commands, engine, image_source, repository, secrets, up
from ops.backup import PASSPHRASE
from ops.console import OpsError, run_logged, say, step
from ops.lock import alone
from ops.paths import ROOT
from ops.repository import (
    CONTENT,
    CREDENTIALS,
    DATABASE,
    DUMP,
    FILES,
    FORMAT,
    HOURS,
    MANIFEST,
    STORES,
    Repository,
    in_store,
    megabytes,
)
from ops.settings import Settings
from ops.settings import load as load_settings
from ops.stack import Stack, refuse_scaled

START_SECONDS = 300
SPARE_BYTES = 1024**3
DOCKER = Path("/var/lib/docker")
RESTORE = 'restic --no-cache --quiet --no-lock restore "$0" --target "$1"'
VERSION = re.compile(r":v?(\d+(?:\.\d+)*)")


def restore(source: str = "", passphrase_file: str = "", confirm: str = "", snapshot: str = "", key: str = "") -> None:
    """Everything is checked first, the passphrase and the whole backup too; nothing is touched until then.

    `key` is the file with the access key of a bucket.
    """
    if not source:
        raise OpsError("No folder is named; expected the one of `make backup`: `make restore FROM=backups`.")
    place = _place(source)
    engine.ensure()
    settings = load_settings()
    stack = Stack(settings, image_source.decide(settings))
    refuse_scaled(stack, "restore")
    named = Path(passphrase_file).expanduser() if passphrase_file else settings.secrets / PASSPHRASE
    credentials = Path(key).expanduser() if key else settings.secrets / CREDENTIALS
    with _copied(named, credentials, settings) as copies:
        kept = Repository(stack, place, copies / PASSPHRASE, named, credentials)
        kept.prepare()
        kept.credentials = copies / CREDENTIALS
        chosen, manifest = _find(kept, snapshot)
        check(stack, manifest)
        _want_confirmation(settings, confirm)
        _check_disk(manifest)
        with step("Reading the whole backup"):
            _read_all(kept, chosen)
            files = _files(kept, chosen)
        image_source.provide(stack)
        if _has_data(settings):
            commands.clean("yes")
        with alone("stack"):
            _write_files(settings, files)
            stack = Stack(load_settings(), stack.image_source)
            kept.stack = stack
            _fill(kept, chosen, manifest)
    up.up()
    say(f"\nRestored as of {_spoken(manifest['made'])}, by the backup {chosen[:8]}.")


def _place(source: str) -> Path | str:
    place = repository.place(source)
    if isinstance(place, str):
        return place
    if not place.is_dir():
        raise OpsError(f"No folder {place}; expected the one that `make backup` wrote to. Name it by FROM=.")
    if not (place / "config").is_file():
        raise OpsError(
            f"{place} has no backups: found no file `config` in it, expected what `make backup` wrote. Name that "
            "folder by FROM=; if a copy of it is meant, copy it whole."
        )
    return place


@contextmanager
def _copied(passphrase: Path, credentials: Path, settings: Settings) -> Iterator[Path]:
    """A folder with copies of these files, which outlive the folder of secrets."""
    if not passphrase.is_file():
        raise OpsError(
            f"No passphrase: found no file {passphrase}; expected the passphrase that `make backup` printed when it "
            "made the place for backups. Write it into a file and name that by PASSPHRASE_FILE=."
        )
    folder = settings.local / "restore"
    shutil.rmtree(folder, ignore_errors=True)
    repository.private_folder(folder)
    try:
        secrets.write(folder / PASSPHRASE, passphrase.read_text(encoding="utf-8").strip())
        if credentials.is_file():
            secrets.write(folder / CREDENTIALS, credentials.read_text(encoding="utf-8").strip())
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _find(kept: Repository, wanted: str) -> tuple[str, dict[str, Any]]:
    """The backup of that name, else the last one, with its manifest."""
    found = kept.snapshots()
    chosen = [each for each in found if str(each["id"]).startswith(wanted)]
    if not chosen:
        names = ", ".join(f"{each['short_id']} of {_spoken(each['time'])}" for each in found[-10:])
        raise OpsError(
            f"{kept.place} has no backup {wanted or 'that `make backup` made'}; found {names or 'none of ours'}. Name "
            "another place by FROM=, or one of these by SNAPSHOT=."
        )
    identity = str(chosen[-1]["id"])
    return identity, dict(json.loads(kept.read("dump", identity, MANIFEST)))


def check(stack: Stack, manifest: dict[str, Any]) -> None:
    """Refuse a backup that this checkout can't read, or that is of another stack."""
    if manifest.get("format", 0) > FORMAT:
        raise OpsError(
            f"The backup has format {manifest['format']}, expected at most {FORMAT}: a newer version of this "
            f"repository made it, of commit {manifest.get('commit')}. Check that out and restore with it."
        )
    if manifest["project"] != stack.project:
        raise OpsError(
            f"The backup is of the stack {manifest['project']}; expected one of {stack.project}. To restore it as what "
            f"it was: `PROJECT={manifest['project']} make restore …`."
        )
    services = stack.everything["services"]
    newer = []
    for name, image in manifest["images"].items():
        here = str(services[name]["image"])
        if is_newer(image, here):
            newer.append(f"{name} {image.rpartition(':')[2]} (here {here.rpartition(':')[2]})")
    if newer:
        raise OpsError(
            f"The backup holds data of newer programs than this checkout runs: {', '.join(newer)}. Check out the "
            f"commit that made it, {manifest.get('commit')}, or a later one, and restore with that."
        )


def is_newer(image: str, here: str) -> bool:
    """By the numbers that both have: Debian's 17 and the official 17.11 are the same."""
    there, ours = ([int(each) for each in version(name).split(".")] for name in (image, here))
    length = min(len(there), len(ours))
    return there[:length] > ours[:length]


def version(image: str) -> str:
    found = VERSION.search(image)
    return found[1] if found else "0"


def _has_data(settings: Settings) -> bool:
    return (settings.secrets / ".complete").exists() or up.volumes_exist(settings)


def _want_confirmation(settings: Settings, confirm: str) -> None:
    if confirm != "yes" and _has_data(settings):
        raise OpsError(
            f"The stack {settings['PROJECT']} has volumes or secrets here, which would be deleted: expected an empty "
            "machine. To put the backup in their place, add CONFIRM=yes. Nothing was touched."
        )


def _check_disk(manifest: dict[str, Any]) -> None:
    needed = sum(each["bytes"] for each in manifest["stores"].values()) + SPARE_BYTES
    remedy = "Free some space and run the same command again. Nothing was touched."
    repository.want_disk(DOCKER if DOCKER.exists() else Path("/"), needed, "the volumes", remedy)


def _read_all(kept: Repository, chosen: str) -> None:
    """Decrypt every byte of it: restic compares each piece with its digest."""
    script = 'restic --no-cache --no-lock --quiet dump --archive tar "$0" / >/dev/null'
    command = kept.command("-c", script, chosen, options=("--entrypoint=sh",))
    try:
        run_logged(command, log=kept.log, title="Reading", env=kept.stack.environment)
    except OpsError as error:
        raise OpsError(
            f"The backup {chosen[:8]} in {kept.place} is damaged or not whole; expected every piece of it. Nothing "
            f"was touched. Use another copy, or an older backup by SNAPSHOT=.\n{error}"
        ) from None


def _files(kept: Repository, chosen: str) -> dict[str, bytes]:
    """The secrets and the checkout's own files, by their path."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(kept.read("dump", "--archive=tar", chosen, FILES))) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                found[f"/{member.name.lstrip('/')}".removeprefix(FILES).lstrip("/")] = content.read()
    return found


def _write_files(settings: Settings, files: dict[str, bytes]) -> None:
    """Secrets as they were; of the checkout's files those that aren't there."""
    roots = {"secrets": settings.secrets, "checkout": ROOT}
    settings.secrets.mkdir(mode=secrets.DIRECTORY_MODE, parents=True, exist_ok=True)
    for name, content in files.items():
        kind, _, relative = name.partition("/")
        path = roots[kind] / relative
        if kind == "checkout" and path.exists():
            if path.read_bytes() != content:
                say(f"    {relative} stays as it is here; the backup has another one.")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if kind == "secrets":
            path.chmod(secrets.FILE_MODE)


def _fill(kept: Repository, chosen: str, manifest: dict[str, Any]) -> None:
    for volume, expected in manifest["stores"].items():
        if volume != DATABASE:
            with step(f"Filling {volume}: {megabytes(expected['bytes'])}"):
                arguments = (f"{chosen}:/stores/{volume}/{CONTENT}", f"/stores/{volume}")
                script = f'{RESTORE} && chown {expected["owner"]} "$1" && chmod {expected["mode"]} "$1"'
                options = ("--entrypoint=sh",)
                command = kept.command("-c", script, *arguments, service="backup", options=options)
                run_logged(command, log=kept.log, title="Filling", env=kept.stack.environment)
    with step("Comparing with the manifest"):
        _compare(kept.stack, manifest["stores"])
    if DATABASE in manifest["stores"]:
        with step(f"Filling {DATABASE}: {megabytes(manifest['stores'][DATABASE]['bytes'])}"):
            _fill_database(kept, chosen)


def _compare(stack: Stack, stores: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    for name in set(STORES) & set(stores):
        found |= in_store(stack, "describe", name, user=stores[name]["user"])
    wrong = [
        f"{volume} {key}: found {found[volume][key]}, expected {expected[key]}"
        for volume, expected in stores.items()
        if volume != DATABASE
        for key in ("owner", "mode", "files", "digest")
        if found[volume][key] != expected[key]
    ]
    if wrong:
        raise OpsError(f"The volumes aren't what was backed up: {'; '.join(wrong)}. Run the same command again.")


def _fill_database(kept: Repository, chosen: str) -> None:
    stack = kept.stack
    if DATABASE not in stack.model["services"]:
        say(f"    Not filled: SAMPLE=off, so {DATABASE} doesn't run here. Its dump stays in the backup.")
        return
    stack.compose("up", "--detach", "--wait", "--no-deps", DATABASE, timeout=START_SECONDS)
    load = ["pg_restore", "--username=postgres", "--dbname=erp", "--clean", "--if-exists", "--exit-on-error"]
    with subprocess.Popen(
        kept.command("--no-lock", "dump", chosen, DUMP), stdout=subprocess.PIPE, env=stack.environment
    ) as reader:
        done = subprocess.run(
            [*stack.command, "exec", "--no-TTY", DATABASE, *load, "--single-transaction"],
            stdin=reader.stdout,
            capture_output=True,
            check=False,
            env=stack.environment,
            timeout=HOURS,
        )
    if done.returncode != 0 or reader.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise OpsError(f"pg_restore failed: {said or 'the dump ended early'}. Run the same command again.")


def _spoken(moment: str) -> str:
    return datetime.fromisoformat(moment[:19]).strftime("%Y-%m-%d %H:%M:%S")
