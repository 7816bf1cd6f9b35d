"""Where the backups are, which restic keeps: deduplicated, encrypted, checked. It runs in a container."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import image_source
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
BUCKET = re.compile(r"s3:https?://[^\s/]+/[^\s/]\S*")
CREDENTIALS = "backup_s3"
CREDENTIALS_FORM = "[default], aws_access_key_id = … and aws_secret_access_key = …, a line each"
FIRST_ANSWER_SECONDS = 60.0


def place(name: str) -> Path | str:
    """A folder of this machine, relative to the checkout, or a bucket's address."""
    if BUCKET.fullmatch(name):
        return name
    if ":" in name:
        raise OpsError(
            f"{name!r} is no folder; expected one on this machine, such as a disk of another mounted here, or a "
            "bucket: s3:https://HOST/BUCKET."
        )
    path = (ROOT / Path(name).expanduser()).resolve()
    if path.exists() and not path.is_dir():
        raise OpsError(f"{path} is a file; expected a folder for backups.")
    return path


@dataclass
class Repository:
    """`place` has the backups. `passphrase` is the file that restic reads, `named` the one that its user knows.

    `credentials`: the file with those of a bucket.
    """

    stack: Stack
    place: Path | str
    passphrase: Path
    named: Path
    credentials: Path

    def prepare(self) -> None:
        """Have the images of the services in backup/compose.yaml."""
        services = self.stack.everything["services"].values()
        image_source.provide_some(self.stack, (each for each in services if each.get("profiles") == ["backup"]))
        if isinstance(self.place, str) and not self.credentials.is_file():
            raise OpsError(
                f"{self.place} needs an access key: found no file {self.credentials}; expected it with the lines "
                f"{CREDENTIALS_FORM}. Write it, readable for you alone, and run the same command again."
            )

    @property
    def log(self) -> Path:
        return self.stack.settings.logs / "restic.log"

    def command(self, *arguments: str, service: str = "backup-reader", options: tuple[str, ...] = ()) -> list[str]:
        own = ["--rm", f"--volume={self.passphrase}:/run/secrets/backup_passphrase:ro"]
        if isinstance(self.place, Path):
            own += [f"--volume={self.place}:/repository"]
        else:
            own += [
                f"--env=RESTIC_REPOSITORY={self.place}",
                f"--volume={self.credentials}:/run/secrets/{CREDENTIALS}:ro",
            ]
        network = "none" if isinstance(self.place, Path) else "bridge"
        return container(self.stack, service, *arguments, options=(*own, *options), network=network)

    def attempt(self, *arguments: str, timeout: float = HOURS) -> subprocess.CompletedProcess[bytes]:
        """One restic command that only reads, whatever its exit status."""
        command = self.command("--no-lock", *arguments)
        try:
            return subprocess.run(
                command, capture_output=True, check=False, env=self.stack.environment, timeout=timeout
            )
        except subprocess.TimeoutExpired as error:
            said = (error.stderr or b"").decode(errors="replace").strip()[-600:]
            raise OpsError(
                f"{self.place} didn't answer within {timeout:.0f} s: {said}. Check the address, the key in "
                f"{self.credentials} and the way there, and run the same command again."
            ) from None

    def is_there(self) -> bool:
        """Whether there are backups, or a place that was made for them; raises OpsError where that can't be known."""
        if isinstance(self.place, Path):
            return (self.place / "config").is_file()
        asked = self.attempt("cat", "config", timeout=FIRST_ANSWER_SECONDS)
        if asked.returncode not in (0, ABSENT):
            raise OpsError(self.explained(asked.returncode, asked.stderr.decode(errors="replace")))
        return asked.returncode == 0

    def size(self) -> int:
        """Of all backups together, in bytes."""
        if isinstance(self.place, Path):
            return sum(path.stat().st_size for path in self.place.rglob("*") if path.is_file())
        return int(json.loads(self.read("stats", "--mode=raw-data", "--json"))["total_size"])

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
            return f"{self.place} has no backups; expected what `make backup` wrote to. Name that by FROM=."
        if status == LOCKED:
            return (
                f"Another backup works in {self.place}, or one was killed within the last 30 minutes; expected "
                "nobody's lock in it. Run the same command again when that time is over."
            )
        if status == WRONG_PASSPHRASE:
            return (
                f"The passphrase in {self.named} doesn't open {self.place}; expected the one that `make backup` "
                "printed when it made that folder. Write it into a file and name that by PASSPHRASE_FILE=."
            )
        if isinstance(self.place, str) and "Fatal: unable to open" in said:
            return (
                f"{self.place} can't be opened: {said.strip()[-600:]}. Check the address and the key in "
                f"{self.credentials}, and run the same command again."
            )
        return (
            f"The backups in {self.place} are damaged or not whole: {said.strip()[-600:]}. Use another copy of them, "
            "or an older backup by SNAPSHOT=."
        )

    def snapshots(self) -> list[dict[str, Any]]:
        """Every backup in the folder that is of this program, oldest first."""
        found: list[dict[str, Any]] = json.loads(self.read("snapshots", "--json", f"--tag={TAG}")) or []
        return sorted(found, key=lambda each: str(each["time"]))


def container(
    stack: Stack, service: str, *arguments: str, options: tuple[str, ...] = (), network: str = "none"
) -> list[str]:
    """`docker compose run` of one of the services in backup/compose.yaml.

    By a model with that service alone: of the whole one, Compose would make every network and volume, also on a machine
    where somebody only looks into a folder.
    """
    definition = {**stack.everything["services"][service], "network_mode": network}
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
