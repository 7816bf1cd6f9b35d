"""`make scale-out` and `make scale-in`: the history of one machine's engines into the storage of SCALE=on, and back.

Out, only Loki's chunks and index are copied: the first Prometheus and the first Loki keep their volumes, and a sidecar
uploads that Prometheus' blocks. In, also the blocks of what agents pushed and rules recorded.
"""

from ops import image_source, last_lines, up
from ops.console import OpsError, capture, run_logged, say, step
from ops.lock import alone
from ops.stack import ONCE, Stack

LOKI_USER, PROMETHEUS_USER = "10001:10001", "65534:65534"
LOKI = ("loki", "loki-2", "loki-3")
# These hand their newest samples to the storage as they end, for which they have five minutes.
RECEIVERS = tuple(f"thanos-receive-{number}" for number in (1, 2, 3))
HAND_OVER_SECONDS = 360.0


def scale_out(stack: Stack) -> None:
    """Copy what one machine's Loki has, then start everything; raises OpsError, after which it can be run again."""
    _want_scaled(stack, "scale-out")
    with alone("stack"):
        chosen, _ = up.prepare()
        _start_storage(chosen)
        _run(chosen, "lines-out", "Copying Loki's chunks and index, while all runs", LOKI_USER)
        with step("Stopping what writes, and waiting for its last lines"):
            last_lines.hand_over(chosen)
            chosen.compose("stop", "loki", timeout=180)
        _run(chosen, "lines-out", "Copying what Loki has written meanwhile", LOKI_USER)
        up.finish(chosen)
    say("The blocks of Prometheus are uploaded by its sidecar from now on: `make logs SERVICE=thanos-sidecar`.")


def scale_in(stack: Stack) -> None:
    """Copy the storage's history into the volumes of one machine's engines, and leave the stack stopped."""
    _want_scaled(stack, "scale-in")
    with alone("stack"):
        _start_storage(stack)
        if missing := {*LOKI, *RECEIVERS, *last_lines.WAY} - stack.running():
            raise OpsError(
                f"{', '.join(sorted(missing))}: not running; expected all, for they may have what the storage lacks. "
                "Run `make up`, then the same command again."
            )
        with step("Stopping what writes, and waiting for its last samples and lines"):
            stack.compose("stop", "prometheus", "prometheus-2", *RECEIVERS, timeout=HAND_OVER_SECONDS)
            _want_ended(stack)
            last_lines.hand_over(stack)
        _run(stack, "lines-flush", "Writing what Loki has in memory", LOKI_USER)
        stack.compose("stop", *LOKI, timeout=300)
        _run(stack, "lines-in", "Copying chunks and index to Loki", LOKI_USER)
        _run(stack, "metrics-in", "Copying blocks to Prometheus", PROMETHEUS_USER)
        with step("Stopping the rest"):
            stack.compose("--profile", "*", "down", "--remove-orphans", timeout=300)
    say("Set SCALE=off in .env, and LOGS_RETENTION_SIZE and METRICS_RETENTION_SIZE to what may stay on this machine's")
    say("disk, and run `make up`. The storage and its volumes stay until `make clean`.")


def _want_ended(stack: Stack) -> None:
    """Raises OpsError where a receiver was killed before it had uploaded what it had in memory."""
    killed = [each["Service"] for each in stack.containers() if "Exited (137)" in each["Status"]]
    if left := {*killed} & {*RECEIVERS}:
        raise OpsError(
            f"{', '.join(sorted(left))}: killed before its samples were in the storage. Run `make up`, and the same "
            "command again when the machine is less busy."
        )


def _want_scaled(stack: Stack, command: str) -> None:
    if stack.settings["SCALE"] != "on":
        raise OpsError(
            f"`make {command}` works on the engines of SCALE=on: found SCALE={stack.settings['SCALE']}, expected on. "
            "Set it in .env and run the same command again; docs/scale.md has the steps."
        )


def _start_storage(stack: Stack) -> None:
    image_source.provide_some(stack, [stack.everything["services"]["storage-history"]])
    with step("Starting the storage"):
        if "storage" in stack.model["services"]:
            stack.compose("up", "--detach", "--wait", "storage", timeout=180)
        stack.compose(*ONCE, "storage-buckets", timeout=300)


def _run(stack: Stack, what: str, title: str, user: str) -> None:
    name = f"{stack.project}-history"
    capture(["docker", "rm", "--force", name])  # of a command that was ended, it goes on
    run_logged(
        [*stack.command, "run", "--rm", "--no-deps", "--name", name, f"--user={user}", "storage-history", what],
        log=stack.settings.logs / "history.log",
        title=title,
        env=stack.environment,
    )
