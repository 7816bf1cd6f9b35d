"""Sentry's self-hosted release: which one, how it comes to this machine, and what it demands of it."""

import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops import engine, machine
from ops.console import OpsError, capture, output, say, step
from ops.paths import LOCAL, ROOT

OURS = ROOT / "sentry" / "selfhosted"
FOLDER = LOCAL / "sentry" / "selfhosted"
PROJECT = "sentry-self-hosted"  # it also names six volumes without a project: there is one of it on an engine
PARTS = ("install.sh", "docker-compose.yml", ".env", "install/_min-requirements.sh", "sentry/sentry.conf.example.py")
DEMANDS = ("MIN_RAM_HARD", "MIN_CPU_HARD", "MIN_DOCKER_VERSION", "MIN_COMPOSE_VERSION", "MIN_BASH_VERSION")
# The installer takes its settings from the environment too: a COMPOSE_PROJECT_NAME of ours would have it take our
# containers down, a SENTRY_DSN report to our tracker.
KEPT = ("PATH", "HOME", "TERM", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", *machine.PROXY_VARIABLES)


@dataclass(frozen=True)
class Release:
    repository: str
    version: str
    commit: str
    disk_gb: int


@dataclass(frozen=True)
class Demands:
    """Memory in MB, as the release counts it; the versions are the lowest that it takes."""

    memory: int
    processors: int
    docker: str
    compose: str
    bash: str


def pinned() -> Release:
    return Release(**tomllib.loads((OURS / "release.toml").read_text(encoding="utf-8")))


def environment() -> dict[str, str]:
    """All that a program of the release sees of ours."""
    return {name: os.environ[name] for name in KEPT if name in os.environ}


def inside(folder: Path) -> list[str]:
    """The beginning of a command that runs in the release's folder, in an environment of its own."""
    return ["env", "-i", "-C", str(folder), *(f"{name}={value}" for name, value in environment().items())]


def version_of(folder: Path) -> str:
    """The version of the release in this folder; empty where there is none."""
    file = folder / ".env"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    found = re.search(r"^SENTRY_IMAGE=\S+:(\S+)$", text, re.MULTILINE)
    return found[1] if found else ""


def bring(folder: Path, given: str = "") -> None:
    """Have the pinned release in `folder`: from the folder `given`, else from its repository."""
    release = pinned()
    if given:
        _check_given(Path(given), release)
    elif version_of(folder) == release.version and _missing(folder) == []:
        return
    folder.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o700)  # its settings hold the mail server's password
    if given:
        with step(f"Copying Sentry's release {release.version} from {given}"):
            _copy(Path(given), folder)
        return
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh, step(f"Fetching Sentry's release {release.version}"):
        _clone(release, Path(fresh))
        _copy(Path(fresh), folder)


def _check_given(given: Path, release: Release) -> None:
    if missing := _missing(given):
        raise OpsError(
            f"SENTRY_RELEASE_DIR={given}: found no {', '.join(missing)} there; expected the unpacked release "
            f"{release.version} of {release.repository}. Unpack it and name its folder."
        )
    if (found := version_of(given)) != release.version:
        raise OpsError(
            f"SENTRY_RELEASE_DIR={given}: found the release {found or 'without a version in .env'}, expected "
            f"{release.version}, as {OURS / 'release.toml'} has it. Take that one, or pin the other there."
        )


def _missing(folder: Path) -> list[str]:
    return [part for part in PARTS if not (folder / part).is_file()]


def _clone(release: Release, fresh: Path) -> None:
    command = ["git", "clone", "--quiet", "--depth=1", f"--branch={release.version}", release.repository, str(fresh)]
    cloned = capture(command, timeout=600)
    if cloned.returncode != 0:
        raise OpsError(
            f"{release.repository} didn't give the release {release.version}: {cloned.stderr.strip()}. Expected an "
            "answer; without a way out, carry the unpacked release here and name its folder: "
            "`make sentry SENTRY_RELEASE_DIR=/path`."
        )
    found = output(["git", "-C", str(fresh), "rev-parse", "HEAD"]).strip()
    if found != release.commit:
        raise OpsError(
            f"The tag {release.version} of {release.repository} leads to {found}, expected {release.commit}: somebody "
            "has moved it. Nothing was installed. Look at what changed before you pin that commit."
        )


def _copy(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git", "__pycache__"))


def demands(folder: Path, profile: str) -> Demands:
    """What the release's own check demands, read by the shell that its installer runs in."""
    script = f". install/_min-requirements.sh && echo {' '.join(f'${name}' for name in DEMANDS)}"
    said = output([*inside(folder), f"COMPOSE_PROFILES={profile}", "bash", "-uc", script]).split()
    try:
        memory, processors, docker, compose, bash = said
        return Demands(int(memory), int(processors), docker, compose, bash)
    except ValueError:
        raise OpsError(
            f"{folder / 'install/_min-requirements.sh'} gave {' '.join(said)!r}; expected a value for each of "
            f"{', '.join(DEMANDS)}. The release has changed: pin one whose check is known."
        ) from None


def check(wanted: Demands, profile: str) -> None:
    """Raise OpsError with every figure that falls short."""
    if short := list(_shortcomings(wanted)):
        lines = "\n".join(f"  {sentence}" for sentence in short)
        raise OpsError(
            f"Sentry's release {pinned().version} ({profile}) doesn't run on this machine:\n{lines}\n  Mend that, or "
            "stay with Bugsink, or name a Sentry elsewhere by SENTRY_DSN in .env. Nothing was started."
        )
    say(
        f"    {profile} wants {wanted.memory:,} MB, {wanted.processors} processors, Docker {wanted.docker}, Compose "
        f"{wanted.compose} and {pinned().disk_gb} GB of disk: all here."
    )


def _shortcomings(wanted: Demands) -> Iterator[str]:
    said = output(["docker", "info", "--format", "{{.NCPU}} {{.MemTotal}} {{.DockerRootDir}}"]).split(maxsplit=2)
    processors, memory, root = int(said[0]), int(said[1]) // 1024**2, Path(said[2].strip())
    if memory < wanted.memory:
        yield f"Memory of the engine: found {memory:,} MB, expected {wanted.memory:,} MB."
    if processors < wanted.processors:
        yield f"Processors of the engine: found {processors}, expected {wanted.processors}."
    disk = root if root.is_dir() else ROOT
    if (free := shutil.disk_usage(disk).free // 1000**3) < pinned().disk_gb:
        yield f"Disk at {disk}: found {free} GB free, expected {pinned().disk_gb} GB."
    compose = output(["docker", "compose", "version", "--short"]).strip()
    bash = output(["bash", "-c", "echo $BASH_VERSION"]).strip()
    found = {"Docker": engine.server_version(), "Compose": compose, "bash": bash}
    for name, least in (("Docker", wanted.docker), ("Compose", wanted.compose), ("bash", wanted.bash)):
        if engine.numbers(found[name]) < engine.numbers(least):
            yield f"{name}: found {found[name]}, expected {least} or newer."
