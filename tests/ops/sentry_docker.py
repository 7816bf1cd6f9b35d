"""In front of `docker` while `make sentry` is tested: writes down each call and answers it as an engine would.

Nothing is started. `compose config` goes to the real Compose; `answers.json` beside this file changes an answer.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "answers.json").read_text(encoding="utf-8"))
WORDS = sys.argv[1:]
TEXT = " ".join(WORDS)
# What the calls of the installer and of `make sentry` that ask for something contain, and what they are told.
TOLD = {
    "compose version": "2.40.3",
    "version --format": "28.5.1",
    "{{.NCPU}}": f"{ANSWERS['processors']} {ANSWERS['memory_mb'] * 1024**2} /",
    "{{.Architecture}}": "x86_64",
    "nproc --all": str(ANSWERS["processors"]),
    "free -m": f"Mem: {ANSWERS['memory_mb']}",
    "sse4_2": "1",
    "Common KVM": "0",
    "credentials generate": '{"secret_key": "s", "public_key": "p", "id": "i"}',
    "project.working_dir": ANSWERS["folder"],
    "credentials show": "Credentials:",
    "cat /etc/os-release": "ID=debian",
    "printf skipped": "skipped",
}
RUNNING = "\n".join(f"{name}\trunning\tUp 5 minutes (healthy)\t{name}-1" for name in ANSWERS["running"])


def main() -> int:
    taken = sys.stdin.read() if "createuser" in TEXT or "/envelope/" in TEXT else ""
    with (HERE / "calls.jsonl").open("a", encoding="utf-8") as sink:
        sink.write(json.dumps({"words": WORDS, "folder": str(Path.cwd()), "environment": dict(os.environ)}) + "\n")
    if any(part in TEXT for part in ANSWERS["refused"]):
        sys.stderr.write(f"refused by the test: {TEXT[:80]}\n")
        return 1
    if "config" in WORDS:
        os.execv(ANSWERS["docker"], ["docker", *WORDS])  # noqa: S606 - the real one, in its place
    if "createuser" in TEXT:
        (HERE / "password").write_text(taken.strip("\n"), encoding="utf-8")
    elif "/envelope/" in TEXT:
        script, seen = WORDS[-1], taken.replace("sentry-ingest", ANSWERS["sentry"])
        return subprocess.run([sys.executable, "-c", script], input=seen, text=True, check=False).returncode
    if WORDS[:1] == ["ps"] and "{{.State}}" in TEXT:
        sys.stdout.write(RUNNING)
    sys.stdout.write(next((answer for part, answer in TOLD.items() if part in TEXT), ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
