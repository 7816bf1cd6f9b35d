"""What a person writes after `make` reaches the command as it is, and what `make` prints may be cut off."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stack import ROOT, run

ODD = "a\"b 'c' `touch {0}` $(touch {0}); touch {0} #"


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("application", ("NAME", "IN_ENV", "SERVICE", "PORT")),
        ("silence", ("FOR", "SERVICE", "APPLICATION", "IN_ENV")),
        ("clean", ("CONFIRM",)),
        ("break", ("FAULT",)),
        ("mend", ("FAULT",)),
        ("test-notification", ("CHANNEL",)),
        ("bundle", ("FILE",)),
        ("load", ("FILE",)),
    ],
)
def test_the_shell_reads_no_value(target: str, names: tuple[str, ...], tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    value = ODD.format(planted)
    given = [f"{name}={value.replace('$', '$$')}" for name in names]  # a dollar is make's own
    printed = run("make", "-s", target, "OPS=printf '<%s>\\n'", *given)
    assert printed == "".join(f"<{word}>\n" for word in (target, *(value for _ in names)))
    assert not planted.exists()


def test_the_end_of_a_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m ops urls | read line; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
