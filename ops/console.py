"""Progress lines of long steps, and the error that ends a command with a sentence."""

import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HEARTBEAT_SECONDS = 15.0


class OpsError(Exception):
    """A sentence for the person at the keyboard: what was found, what was expected, what to do."""


def each_of(*checks: Callable[[], object]) -> None:
    """Raises OpsError with all that the checks refuse: a fault of one file doesn't hide another's."""
    if refused := refusal(*checks):
        raise OpsError(refused)


def refusal(*checks: Callable[[], object]) -> str:
    """All that the checks refuse, a text each; empty where they refuse nothing."""
    refused = []
    for check_one in checks:
        try:
            check_one()
        except OpsError as error:
            refused.append(str(error))
    return "\n".join(refused)


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print `title`, and at the end how long it took in seconds."""
    started = time.monotonic()
    say(f"==> {title}")
    yield
    say(f"    {title}: {time.monotonic() - started:.0f} s")


def run_logged(
    command: Sequence[str],
    *,
    log: Path,
    title: str,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    describe: Callable[[str], str | None] | None = None,
    limit: float | None = None,
) -> None:
    """Run `command` with its output in the file `log`, and print a line every few seconds.

    `describe` turns a line of output into a progress line, or None. Raises OpsError with the last lines of
    the output when the command fails, or takes more than `limit` seconds.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    last_spoken = started
    tail: deque[str] = deque(maxlen=25)
    with log.open("w", encoding="utf-8", errors="replace") as sink:
        process = subprocess.Popen(
            list(command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=dict(env) if env is not None else None,
        )
        stopped = threading.Event()
        beat = threading.Thread(target=_heartbeat, args=(title, started, stopped), daemon=True)
        beat.start()
        alarm = threading.Timer(limit or 0, process.terminate)
        if limit is not None:
            alarm.start()
        try:
            if stdin is not None and process.stdin is not None:
                process.stdin.write(stdin)
                process.stdin.close()
            for line in process.stdout or ():
                sink.write(line)
                sink.flush()
                tail.append(line.rstrip())
                described = describe(line.rstrip()) if describe else None
                if described and time.monotonic() - last_spoken > 1:
                    last_spoken = time.monotonic()
                    say(f"    {described}")
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            stopped.set()
            alarm.cancel()
            if process.stdout is not None:
                process.stdout.close()
    if code != 0:
        shown = "\n".join(f"      {line}" for line in tail)
        raise OpsError(
            f"{title} failed: `{' '.join(command[:4])} …` ended with exit code {code}, expected 0.\n{shown}\n"
            f"    The whole output is in {log}. Mend what it names and run the same command again."
        )


def _heartbeat(title: str, started: float, stopped: threading.Event) -> None:
    while not stopped.wait(HEARTBEAT_SECONDS):
        say(f"    {title}: still at it after {time.monotonic() - started:.0f} s")


def capture(
    command: Sequence[str], *, timeout: float = 60, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` quietly and return its result whatever its exit code; a missing program is exit code 127."""
    try:
        return subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            input=stdin,
            errors="replace",
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(list(command), 127, "", f"{command[0]}: not found")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(list(command), 124, "", f"{command[0]}: no answer within {timeout:.0f} s")


def output(command: Sequence[str], *, timeout: float = 60, needs: str = "") -> str:
    """What `command` prints; raises OpsError with what it complained of, and with what it `needs`, when it fails."""
    done = capture(command, timeout=timeout)
    if done.returncode != 0:
        hint = f"; {needs}" if needs else ""
        raise OpsError(f"`{' '.join(command[:4])} …` failed: {done.stderr.strip()}{hint}.")
    return done.stdout


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Rows as aligned plain text, header first."""
    widths = [max(len(row[i]) for row in [*rows, header]) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = "  ".join(cell.ljust(width) for cell, width in zip(header, widths, strict=True)).rstrip()
    return "\n".join([head, "  ".join("-" * width for width in widths), *lines])
