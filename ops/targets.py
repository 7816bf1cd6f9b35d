"""`make targets`: checks the files in targets/ and applications/, and lists what each target last answered."""

import json
import tempfile
from pathlib import Path
from typing import Any

from ops import application_files
from ops.alerts import prometheus
from ops.config_check import check
from ops.console import OpsError, say, step, table
from ops.paths import LOCAL
from ops.stack import Stack

POOLS = ("targets", "targets-probed")
REQUIRED = ("application", "service")
PROBES = ("http", "tcp")
HEAD = ("file", "application", "service", "address", "state", "last answer")


def targets(stack: Stack) -> int:
    """The exit status is 1 where a target lacks what it needs; OpsError where a file can't be read."""
    folder = stack.root / "targets"
    application_files.read(stack.root, stack.settings.secrets)
    if not _files(stack):
        say("targets/ has no file NAME.yml. targets/README.md shows what to put there.")
        return 0
    with step("Checking the files"):
        check_files(stack)
    found = prometheus(stack, "targets", state="any")
    active = [each for each in found["activeTargets"] if each["scrapePool"] in POOLS]
    say(table([_row(each) for each in active], HEAD))
    seen = {_key(each["discoveredLabels"]) for each in active}
    ours = [each["discoveredLabels"] for each in found["droppedTargets"] if each.get("scrapePool") in POOLS]
    # Each job drops what is the other's; what both drop isn't watched.
    refused = {key: labels for labels in ours if (key := _key(labels)) not in seen}
    for (file, address, _), labels in sorted(refused.items()):
        say(f"{file}:{_line(folder / file, address)}: {address} isn't watched: {_lack(labels)}.")
    return 1 if refused else 0


def check_files(stack: Stack) -> None:
    """Each file by itself, because promtool names the line but not the file; raises OpsError."""
    for file in _files(stack):
        with tempfile.TemporaryDirectory(dir=LOCAL) as folder:
            Path(folder).chmod(0o755)
            discovery = {"file_sd_configs": [{"files": [f"{stack.prometheus_folder}/targets/{file.name}"]}]}
            config = Path(folder, file.name)
            config.write_text(json.dumps({"scrape_configs": [{"job_name": "targets", **discovery}]}), encoding="utf-8")
            check(stack, "prometheus", "promtool", "check", "config", f"/checked/{file.name}", mount=Path(folder))


def _files(stack: Stack) -> list[Path]:
    return sorted((stack.root / "targets").glob("*.yml"))


def _key(labels: dict[str, str]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """File, address and the labels that the file gives."""
    given = tuple(sorted((name, value) for name, value in labels.items() if name != "job" and name[:2] != "__"))
    return Path(labels.get("__meta_filepath", "")).name, labels["__address__"], given


def _row(target: dict[str, Any]) -> list[str]:
    file, address, _ = _key(target["discoveredLabels"])
    labels = target["labels"]
    return [file, labels["application"], labels["service"], address, target["health"], target["lastError"] or "fine"]


def _lack(labels: dict[str, str]) -> str:
    if missing := [name for name in REQUIRED if not labels.get(name)]:
        return f"it has no label {' and no label '.join(missing)}; expected both, as in targets/README.md"
    return f"its label probe is {labels.get('probe')!r}; expected {' or '.join(PROBES)}, or no such label for metrics"


def _line(file: Path, address: str) -> int:
    """The first line that names the address, counted from 1."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise OpsError(f"{file.name} can't be read ({error}); expected the file that Prometheus reads.") from None
    return next((number for number, line in enumerate(lines, 1) if address in line), 1)
