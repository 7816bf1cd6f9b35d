"""Finds a Docker engine that answers; on Debian as root it installs and starts one, and says so."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from ops import debian_packages, machine
from ops.console import OpsError, capture, say, step
from ops.paths import LOGS
from ops.wait import attempts

# Health checks with a start interval need 25.
MINIMUM_ENGINE = (25, 0)
# 2.24 refuses a file that overrides an included service: "conflicts with imported resource".
MINIMUM_COMPOSE = (2, 26)
SUITE = "trixie"
SOURCE_FILE = Path("/etc/apt/sources.list.d/erp-observability-trixie.sources")
PIN_FILE = Path("/etc/apt/preferences.d/erp-observability-trixie")
PACKAGES = ("docker.io", "docker-cli", "docker-compose", "docker-buildx", "iptables", "ca-certificates")
PID_FILES = (Path("/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid"))
SOCKET = Path("/run/docker.sock")
START_SECONDS = 60


def ensure() -> bool:
    """Return when `docker` talks to an engine that is new enough: True when it had to be started.

    Raises OpsError with a sentence otherwise.
    """
    problem = answer()
    if problem is None:
        check_versions()
        return False
    if "permission denied" in problem.lower():
        raise OpsError(
            f"No rights to the engine's socket ({SOCKET}): found user id {os.geteuid()}, expected root or a member "
            "of the group docker. Run `make up` as such a user."
        )
    if os.environ.get("DOCKER_HOST"):
        raise OpsError(
            f"No engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}: {problem}. Start it, or unset DOCKER_HOST."
        )
    if shutil.which("dockerd") is None:
        install()
    start()
    check_versions()
    return True


def kill() -> None:
    """End the engine by SIGKILL; raises OpsError where it isn't one of this machine."""
    try:
        os.kill(int(PID_FILES[0].read_text(encoding="ascii")), signal.SIGKILL)
    except (OSError, ValueError) as error:
        raise OpsError(
            f"Can't kill the engine, whose process id {PID_FILES[0]} should hold: {error}. This fault needs root on "
            "the machine of the engine."
        ) from error


def absent() -> bool:
    """Whether this machine has no engine and `make up` would install one, so that nothing of the stack can be in it."""
    return (
        shutil.which("dockerd") is None
        and "DOCKER_HOST" not in os.environ
        and machine.is_debian()
        and machine.is_root()
        and answer() is not None
    )


def answer() -> str | None:
    """None when the engine answers, else what `docker` said."""
    result = capture(["docker", "version", "--format", "{{.Server.Version}}"], timeout=20)
    if result.returncode == 0 and result.stdout.strip():
        return None
    return ((result.stderr or result.stdout).strip().splitlines() or ["no answer"])[-1]


def server_version() -> str:
    return capture(["docker", "version", "--format", "{{.Server.Version}}"]).stdout.strip()


def podman() -> str:
    """The version of Podman, where Podman answers in Docker's place; else empty."""
    form = '{{range .Server.Components}}{{.Name}}={{.Version}}{{"\\n"}}{{end}}'
    answered = capture(["docker", "version", "--format", form]).stdout.splitlines()
    return next((line.partition("=")[2] for line in answered if line.startswith("Podman Engine=")), "")


def numbers(text: str) -> tuple[int, ...]:
    """Of a version, by which it can be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", text))


def check_versions(*, mend: bool = True) -> None:
    """Raise OpsError when engine, Compose or buildx are too old; `mend` lets missing plugins be installed."""
    if instead := podman():
        raise OpsError(
            f"Podman {instead} answers in Docker's place: expected Docker Engine "
            f"{'.'.join(map(str, MINIMUM_ENGINE))} or newer. `make doctor` says what works with Podman. Install Docker "
            "Engine, or point DOCKER_HOST at it."
        )
    engine = server_version()
    if numbers(engine) < MINIMUM_ENGINE:
        raise OpsError(
            f"The Docker engine is too old: found {engine}, expected {'.'.join(map(str, MINIMUM_ENGINE))} or newer. "
            "Upgrade it and run `make up` again."
        )
    for plugin, minimum in (("compose", MINIMUM_COMPOSE), ("buildx", (0, 10))):
        found = capture(["docker", plugin, "version"])
        if found.returncode != 0 and mend and machine.is_debian() and machine.is_root():
            install()
            found = capture(["docker", plugin, "version"])
        version = re.search(r"v?(\d+\.\d+\.\d+)", found.stdout)
        if version is None or numbers(version.group(1)) < minimum:
            raise OpsError(
                f"`docker {plugin} version` answered {found.stdout.strip() or found.stderr.strip()!r}, expected "
                f"{'.'.join(map(str, minimum))} or newer. Install Docker's {plugin} plugin and run `make up` again."
            )


def install() -> None:
    """Install Debian's engine, Compose and buildx; only on Debian, only as root, always saying so."""
    if not machine.is_debian() or not machine.is_root():
        name = machine.os_release().get("PRETTY_NAME", "this system")
        raise OpsError(
            f"No Docker engine: found none on {name} (user id {os.geteuid()}). It is installed for you on Debian as "
            "root only; here, install Docker Engine with Compose and run `make up` again."
        )
    say(f"No Docker engine here: installing Debian's ({', '.join(PACKAGES)}, suite {SUITE}, priority 50).")
    mirror = machine.debian_mirror()
    with step("Installing the Docker engine"):
        _write(SOURCE_FILE, machine.debian_source(mirror, SUITE))
        _write(PIN_FILE, f"Package: *\nPin: release n={SUITE}\nPin-Priority: 50\n")
        debian_packages.run("dpkg", "--configure", "-a")
        debian_packages.apt_get("update")
        debian_packages.apt_get("install", "-y", "--no-install-recommends", "-t", SUITE, *PACKAGES)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def start() -> None:
    """Start dockerd and wait until it answers; a dead engine's left-overs are cleared first."""
    if not machine.is_root():
        raise OpsError(
            "The Docker engine is installed but doesn't answer, and only root may start it: found user id "
            f"{os.geteuid()}. Start it (or run `make up` as root)."
        )
    if Path("/run/systemd/system").is_dir():
        capture(["systemctl", "start", "docker"], timeout=60)
        if _wait_for_answer(START_SECONDS):
            return
    with step("Starting the Docker engine"):
        if _running("dockerd") and _wait_for_answer(20):
            return
        clear_remains()
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / "dockerd.log"
        with log.open("ab") as sink:
            process = subprocess.Popen(
                ["dockerd", *_missing_options()],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        if not _wait_for_answer(START_SECONDS, process):
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
            raise OpsError(
                f"dockerd doesn't answer after {START_SECONDS} s, expected within a few. Its last lines:\n{tail}\n"
                f"The whole log is {log}. Mend what it names and run `make up` again."
            )


def _missing_options() -> list[str]:
    """live-restore keeps the stack running while the engine is restarted; a daemon.json of the user's own wins."""
    configured = Path("/etc/docker/daemon.json")
    settings = json.loads(configured.read_text(encoding="utf-8")) if configured.is_file() else {}
    return [] if "live-restore" in settings else ["--live-restore"]


def _running(name: str, argument: bytes = b"") -> list[int]:
    """The processes of that program with that in their command lines."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            try:
                command = (directory / "cmdline").read_bytes()
                state = (directory / "stat").read_text(errors="replace").rsplit(")", 1)[-1].split()[0]
            except OSError:
                continue
            program = command.split(b"\0")[0].decode(errors="replace")
            if Path(program).name == name and argument in command and state != "Z":
                found.append(int(directory.name))
    return found


def clear_remains() -> None:
    """End a containerd that a killed engine left, and remove pid files whose process is gone.

    The engine's own containerd is meant: the one whose configuration lies below /var/run/docker.
    """
    for pid in [*_running("dockerd"), *_running("containerd", b"/run/docker/containerd")]:
        say(f"    ending process {pid} that a killed engine left")
        _end(pid)
    for file in PID_FILES:
        if file.exists():
            say(f"    removing the stale {file}")
            file.unlink()


def _end(pid: int) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        for _ in attempts(10, 0.1):
            if not Path(f"/proc/{pid}").exists():
                return


def _wait_for_answer(seconds: float, process: subprocess.Popen[bytes] | None = None) -> bool:
    for _ in attempts(seconds, 0.3):
        if answer() is None:
            return True
        if process is not None and process.poll() is not None:
            return False
    return False
