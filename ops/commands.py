"""The smaller commands behind `make`: each looks at, stops or changes a stack that `up` started."""

import shutil
import tempfile
from pathlib import Path

from ops import engine, faults, image_source, images, last_lines
from ops.console import OpsError, capture, output, say, step, table
from ops.lock import alone
from ops.settings import Settings
from ops.settings import load as load_settings
from ops.stack import Stack, foreign_folder, has_ended_badly, of_project

TOOL_PATHS = {
    "promtool": ("prometheus", "/bin/promtool"),
    "amtool": ("alertmanager", "/bin/amtool"),
    "alertmanager": ("alertmanager", "/bin/alertmanager"),
    "promtail": ("promtail", "/usr/bin/promtail"),
    "loki": ("loki", "/usr/bin/loki"),
}


def current() -> Stack:
    """The stack as it is set up now; raises OpsError when no engine answers."""
    _want_engine()
    return known()


def known() -> Stack:
    """The same, whether an engine answers or not."""
    settings = load_settings()
    return Stack(settings, image_source.remembered(settings))


def _want_engine() -> None:
    problem = engine.answer()
    if problem is not None:
        raise OpsError(f"No Docker engine answers ({problem}); expected the one that `make up` starts. Run `make up`.")


def down() -> None:
    with alone("stack"), step("Stopping the stack"):
        stack = current()
        last_lines.hand_over(stack)
        stack.compose("--profile", "*", "down", "--remove-orphans", timeout=300)


def clean(confirm: str = "") -> None:
    settings = load_settings()
    if not settings.is_sandbox and confirm != "yes":
        raise OpsError(
            f"`make clean` deletes every volume and secret of ENV={settings['ENV']}: found no confirmation, "
            "expected `make clean CONFIRM=yes`."
        )
    if engine.absent():
        say("No Docker engine is installed here, so there is no container or volume to delete.")
    else:
        with alone("stack"):
            _clean_engine(settings, confirm)
    for path in (settings.secrets, settings.local / "bin"):
        shutil.rmtree(path, ignore_errors=True)


def _clean_engine(settings: Settings, confirm: str) -> None:
    if shutil.which("dockerd"):
        engine.ensure()  # one that doesn't answer would keep its volumes, to the next start's surprise
    else:
        _want_engine()
    if (other := foreign_folder(settings)) and confirm != "yes":
        raise OpsError(
            f"`make clean` deletes every volume of {settings['PROJECT']}, which runs from {other}: found no "
            "confirmation, expected `make clean CONFIRM=yes`, or another PROJECT in .env, if this is another stack."
        )
    with step("Deleting containers, networks, volumes and secrets (images stay)"):
        for kind, remove in (
            ("container", ["rm", "--force", "--volumes"]),
            ("volume", ["rm"]),
            ("network", ["rm"]),
        ):
            listing = ["ls", "-q", "--filter", of_project(settings["PROJECT"])]
            found = output(["docker", kind, *listing, *(["-a"] if kind == "container" else [])]).split()
            if found:
                done = capture(["docker", kind, *remove, *found], timeout=300)
                if kind == "network" and "active endpoints" in done.stderr:
                    say(f"    The network {settings.network} stays: an application of yours is on it. Recreate its")
                    say("    containers after the next `make up`: they hold the old token, and Prometheus gets 401.")
                elif done.returncode != 0:
                    raise OpsError(f"`docker {kind} rm` failed: {done.stderr.strip()}. Run `make clean` again.")


def clean_cache() -> None:
    """Delete the build cache, of every project on this engine; the next build compiles everything anew."""
    _want_engine()
    with step(f"Deleting the build cache ({images.build_cache()}); images stay"):
        output(["docker", "builder", "prune", "--all", "--force"], timeout=600)


def status() -> int:
    """Print a line per container; the exit code is 1 when one is not as it should be."""
    stack = current()
    containers = stack.containers()
    if not containers:
        say("The stack isn't there. `make up` starts it.")
        return 1
    say(table([[c["Service"], c["State"], c["Status"]] for c in containers], ["service", "state", "status"]))
    bad = ill(containers, stack.one_shots)
    if bad:
        say(f"\nNot well: {', '.join(bad)}. `make logs SERVICE={bad[0]}` shows its log; `make up` starts it.")
    return 1 if bad else 0


def ill(containers: list[dict[str, str]], one_shots: set[str]) -> list[str]:
    """The services that are unhealthy or have ended; a one-shot only when its status isn't 0."""

    def is_ill(container: dict[str, str]) -> bool:
        unwell = container["Health"] == "unhealthy" or container["State"] not in ("running", "exited")
        return unwell or has_ended_badly(container, one_shots)

    return [container["Service"] for container in containers if is_ill(container)]


def logs(*services: str) -> None:
    stack = current()
    known = stack.model["services"]
    if unknown := sorted(set(services) - known.keys()):
        raise OpsError(
            f"{', '.join(unknown)} is no service of this stack; expected one of {', '.join(sorted(known))}. "
            "Lines of your own application: the board's log panel, or `docker compose logs` in its folder."
        )
    stack.replace_process("logs", "--follow", "--tail", "100", *services)


def log_audit(begin: str = "", end: str = "", service: str = "") -> None:
    """Compare Docker's files with Loki; the exit status is 1 where lines are missing or there twice."""
    stack = current()
    if "logkeeper" not in stack.running():
        raise OpsError("logkeeper doesn't run, which has Docker's API and Loki at hand. `make up` starts it.")
    command = ("python3", "-B", "-m", "logkeeper.compare", begin, end, service)
    stack.replace_process("exec", "--no-TTY", "logkeeper", *command)


def break_by(fault: str = "") -> None:
    """Inject a fault of the sandbox; without a name, list them."""
    if not fault:
        say(table([[name, each.meaning] for name, each in faults.FAULTS.items()], ["fault", "what happens"]))
        say("\n`make break FAULT=payment-down` does it, `make mend` undoes it.")
        return
    with step(f"Breaking: {fault}"):
        faults.inject(current(), fault)
    say("`make alerts` shows what it leads to; `make mend` undoes it.")


def mend(fault: str = "") -> None:
    """Undo a fault; without a name, everything that is broken."""
    stack = known()  # the engine may be what is broken
    wanted = [fault] if fault else faults.broken(stack)
    if not wanted:
        say("Nothing is broken.")
    faults.mend_all(stack, wanted)


def tool(name: str) -> Path:
    """A program copied once out of the image that the stack runs, as a path on this machine."""
    if name not in TOOL_PATHS:
        raise OpsError(f"No tool {name!r}: expected one of {', '.join(TOOL_PATHS)}.")
    service, inside = TOOL_PATHS[name]
    stack = current()
    reference = str(stack.model["services"][service]["image"])
    target = stack.local / "bin" / reference.replace("/", "_").replace(":", "_") / name
    if not target.exists():
        _copy_from_image(reference, inside, target)
    return target


def print_tool(name: str) -> None:
    say(str(tool(name)))


def _copy_from_image(reference: str, inside: str, target: Path) -> None:
    if not images.present(reference):
        raise OpsError(f"The image {reference} isn't here; expected it from `make up`. Run `make up`.")
    made = capture(["docker", "create", reference])
    container = made.stdout.strip()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            copied = capture(["docker", "cp", f"{container}:{inside}", folder])
            if copied.returncode != 0:
                raise OpsError(f"`docker cp` of {inside} from {reference} failed: {copied.stderr.strip()}.")
            Path(folder, Path(inside).name).replace(target)
    finally:
        capture(["docker", "rm", "--force", "--volumes", container])
