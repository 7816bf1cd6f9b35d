"""The folder with the backups, which restic keeps: deduplicated, encrypted, checked. It runs in a container."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import images, pull
from ops.console import OpsError, run_logged
from ops.paths import ROOT
from ops.stack import Stack

TAG = "erp-observability-backup"
FORMAT = 1
"""Of the manifest, and of what lies where; a newer one is refused."""
STORES = ("prometheus", "loki", "alertmanager", "bugsink", "jaeger", "promtail", "grafana", "gateway")
"""The services with files that are kept; backup/stores.py copies them. The ERP's database is dumped."""
DATABASE, DUMP = "erp-db", "/stage/erp-db.dump"
MANIFEST, FILES = "/stage/manifest.json", "/stage/files"
CONTENT = ".backup/kept"
HOURS = 6 * 3600.0
ABSENT, LOCKED, WRONG_PASSPHRASE = 10, 11, 12  # restic's exit statuses


def folder(name: str) -> Path:
    """The folder that somebody named, relative to the checkout."""
    if ":" in name:
        raise OpsError(f"{name!r} is no folder; expected one on this machine, such as a disk of another mounted here.")
    path = (ROOT / Path(name).expanduser()).resolve()
    if path.exists() and not path.is_dir():
        raise OpsError(f"{path} is a file; expected a folder for backups.")
    return path


@dataclass
class Repository:
    """`passphrase` is the file that restic reads, `named` the one that its user knows."""

    stack: Stack
    folder: Path
    passphrase: Path
    named: Path

    def prepare(self) -> None:
        """Have the images of the services in backup/compose.yaml."""
        services = self.stack.everything["services"].values()
        wanted = {each["image"] for each in services if each.get("profiles") == ["backup"]}
        if self.stack.image_source == "local":
            images.build_all(wanted)
        else:
            pull.pull_missing(sorted(wanted))

    @property
    def log(self) -> Path:
        return self.stack.settings.logs / "restic.log"

    def command(self, *arguments: str, service: str = "backup-reader", options: tuple[str, ...] = ()) -> list[str]:
        mounts = (f"{self.folder}:/repository", f"{self.passphrase}:/run/secrets/backup_passphrase:ro")
        volumes = (f"--volume={mount}" for mount in mounts)
        return container(self.stack, service, *arguments, options=("--rm", *volumes, *options))

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """One restic command that only reads, whatever its exit status."""
        command = self.command("--no-lock", *arguments)
        return subprocess.run(command, capture_output=True, check=False, env=self.stack.environment, timeout=HOURS)

    def read(self, *arguments: str) -> bytes:
        done = self.attempt(*arguments)
        if done.returncode != 0:
            raise OpsError(self.explained(done.returncode, done.stderr.decode(errors="replace")))
        return done.stdout

    def work(self, *arguments: str, title: str, options: tuple[str, ...] = ()) -> None:
        """A long restic command, with a line of progress now and then."""
        command = self.command(*arguments, service="backup", options=options)
        run_logged(command, log=self.log, title=title, env=self.stack.environment)

    def explained(self, status: int, said: str) -> str:
        if status == ABSENT:
            return f"{self.folder} has no backups; expected the folder that `make backup` wrote to."
        if status == LOCKED:
            return (
                f"Another backup works in {self.folder}, or one was killed within the last 30 minutes; expected "
                "nobody's lock in it. Run the same command again when that time is over."
            )
        if status == WRONG_PASSPHRASE:
            return (
                f"The passphrase in {self.named} doesn't open {self.folder}; expected the one that `make backup` "
                "printed when it made that folder. Write it into a file and name that by PASSPHRASE_FILE=."
            )
        return (
            f"The backups in {self.folder} are damaged or not whole: {said.strip()[-600:]}. Use another copy of that "
            "folder, or an older backup by SNAPSHOT=."
        )

    def snapshots(self) -> list[dict[str, Any]]:
        """Every backup in the folder that is of this program, oldest first."""
        found: list[dict[str, Any]] = json.loads(self.read("snapshots", "--json", f"--tag={TAG}")) or []
        return sorted(found, key=lambda each: str(each["time"]))


def container(stack: Stack, service: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """`docker compose run` of one of the services in backup/compose.yaml.

    By a model with that service alone: of the whole one, Compose would make every network and volume, also on a machine
    where somebody only looks into a folder.
    """
    definition = stack.everything["services"][service]
    volumes = {each["source"] for each in definition.get("volumes", []) if each["type"] == "volume"}
    model = {
        "services": {service: definition},
        "volumes": {name: stack.everything["volumes"][name] for name in sorted(volumes)},
    }
    file = stack.local / f"{service}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(model), encoding="utf-8")
    # To this model the stack's own containers are orphans.
    compose = ("docker", "compose", "--project-directory", str(ROOT), "-p", stack.project, "-f", str(file))
    run = ("run", "--no-deps", "--no-TTY", "--interactive=false", *options, service, *arguments)
    return ["env", "COMPOSE_IGNORE_ORPHANS=true", *compose, *run]


def shell(stack: Stack, script: str) -> list[str]:
    """A command that runs a script with every store's volume below /stores."""
    return container(stack, "backup", "-c", script, options=("--rm", "--entrypoint=sh"))


def in_store(stack: Stack, action: str, store: str, user: str = "") -> Any:
    """What backup/stores.py answers, run as the user of that store."""
    as_user = user or str(stack.model["services"][store]["user"])
    command = container(stack, "backup-copy", action, store, options=("--rm", f"--user={as_user}"))
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=stack.environment,
        timeout=HOURS,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise OpsError(f"{store}: {done.stderr.strip()[-600:]}")
    return json.loads(done.stdout)


def private_folder(path: Path) -> Path:
    """An empty folder that only its owner may read."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if any(path.iterdir()):
        raise OpsError(f"{path} isn't empty; expected nothing of an earlier run. Delete it and run the command again.")
    return path


def want_disk(place: Path, needed: int, purpose: str, remedy: str) -> None:
    """Raise OpsError where fewer bytes than needed are free at that place."""
    free = shutil.disk_usage(place).free
    if free < needed:
        raise OpsError(
            f"Too little disk for {purpose}: found {megabytes(free)} free, expected {megabytes(needed)}. {remedy}"
        )


def megabytes(number: float) -> str:
    return f"{number / 1e6:,.1f} MB"
