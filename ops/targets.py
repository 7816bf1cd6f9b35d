"""`make targets`: checks the files in targets/ and applications/, and lists what each target last answered."""

import json
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ops import application_files
from ops.alerts import IDENTITY, prometheus, query
from ops.config_check import check
from ops.console import OpsError, refusal, say, step, table
from ops.labels import TAKEN, expected
from ops.paths import LOCAL
from ops.stack import Stack

# What is read in the folders of users' files.
READ = {"targets": ".yml", "applications": ".toml", "prometheus/rules/own": ".yml"}
NO_ADDRESS = re.compile(r'"([^"\n]+)" is not a valid hostname')
POOLS = ("targets", "targets-probed")
REQUIRED = ("application", "service")
PROBES = ("http", "tcp")
FAILING = "probe_success{probe!='port'} == 0"
HEAD = ("file", "application", "service", "address", "state", "last answer")


def targets(stack: Stack) -> int:
    """The exit status is 1 where a file or a target of one can't be used, or isn't what it says."""
    with step("Checking the files"):
        wrong = _wrong(stack)
    for sentence in wrong:
        say(sentence)
    if not _files(stack):
        say("targets/ has no file NAME.yml. targets/README.md shows what to put there.")
        return 1 if wrong else 0
    found = prometheus(stack, "targets", state="any")
    active = [each for each in found["activeTargets"] if each["scrapePool"] in POOLS]
    failing = query(stack, FAILING, (*IDENTITY, "instance"))
    say(table([row(each, failing) for each in active], HEAD))
    seen = {_key(each["discoveredLabels"]) for each in active}
    ours = [labels for each in found["droppedTargets"] if is_of_a_file(labels := each["discoveredLabels"])]
    # Each job drops what is the other's; what both drop isn't watched.
    refused = {key: labels for labels in ours if (key := _key(labels)) not in seen}
    said = [(key, f"{key[1]} isn't watched: {lack(labels)}.") for key, labels in refused.items()]
    said += [(_key(each["discoveredLabels"]), sentence) for each, sentence in mixed(found["activeTargets"])]
    for (file, address, _), sentence in sorted(said):
        say(f"{file}:{_line(stack.root / 'targets' / file, address)}: {sentence}")
    return 1 if wrong or said else 0


def _wrong(stack: Stack) -> list[str]:
    """A text for each folder with a file that can't be used, and for each file that nothing reads."""
    wrong = refusal(lambda: application_files.read(stack.root, stack.settings.secrets))
    return [*filter(None, (wrong, broken(stack))), *unread(stack.root)]


def broken(stack: Stack) -> str:
    """What promtool says of the files that it refuses: each by itself, because it names the line but not the file."""
    return refusal(*(partial(_check_file, stack, file) for file in _files(stack)))


def _check_file(stack: Stack, file: Path) -> None:
    with tempfile.TemporaryDirectory(dir=LOCAL) as folder:
        Path(folder).chmod(0o755)
        discovery = {"file_sd_configs": [{"files": [f"{stack.prometheus_folder}/targets/{file.name}"]}]}
        config = Path(folder, file.name)
        config.write_text(json.dumps({"scrape_configs": [{"job_name": "targets", **discovery}]}), encoding="utf-8")
        asked = ("prometheus", "promtool", "check", "config", f"/checked/{file.name}")
        try:
            check(stack, *asked, mount=Path(folder), refused=f"targets/{file.name}; its targets stay as they were")
        except OpsError as error:
            # promtool names the path in its container.
            said = str(error).replace(f"{stack.prometheus_folder}/", "")
            raise OpsError("\n".join([said, *no_addresses(file, said)])) from None


def no_addresses(file: Path, said: str) -> Iterator[str]:
    """The line of each address that promtool refuses, which names no line for it."""
    for address in NO_ADDRESS.findall(said):
        yield (
            f"targets/{file.name}:{_line(file, address)}: found {address!r}; expected host:port. The rest of a URL is "
            "in the labels scheme and path, as in targets/README.md."
        )


def unread(root: Path) -> Iterator[str]:
    """A sentence for each file that lies beside those that are read, and has another ending."""
    for folder, ending in READ.items():
        for path in sorted((root / folder).glob("*")):
            is_no_slip = path.name == "README.md" or path.name.startswith(".") or path.name.endswith(("~", ".example"))
            if not is_no_slip and (path.suffix != ending or path.is_dir()):
                found = "it is a folder; " if path.is_dir() else ""
                yield f"{folder}/{path.name} is not read: {found}expected a file whose name ends with {ending}."


def mixed(active: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each target of a file whose series are counted with another program's, and the sentence about it."""
    active = list(active)
    others = {_identity(each): each["labels"]["instance"] for each in active if each["scrapePool"] not in POOLS}
    for each in active:
        application, _, service = _identity(each)
        if each["scrapePool"] not in POOLS:
            continue
        address = each["discoveredLabels"]["__address__"]
        if application in TAKEN:
            yield each, f"{address}: the application {application} is this stack's own; expected another name."
        elif other := others.get(_identity(each)):
            yield (
                each,
                f"{address}: {service} of {application} is {other} too, found by its labels, and their figures are "
                "added up; expected another service, or another env.",
            )


def _identity(target: dict[str, Any]) -> tuple[str, ...]:
    return tuple(target["labels"].get(name, "") for name in IDENTITY)


def is_of_a_file(discovered: dict[str, str]) -> bool:
    """Whether it is of a file in targets/, which Thanos' answer about a dropped target tells only so."""
    return Path(discovered.get("__meta_filepath", "")).parent.name == "targets"


def _files(stack: Stack) -> list[Path]:
    return sorted((stack.root / "targets").glob("*.yml"))


def _key(labels: dict[str, str]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """File, address and the labels that the file gives."""
    given = tuple(sorted((name, value) for name, value in labels.items() if name != "job" and name[:2] != "__"))
    return Path(labels.get("__meta_filepath", "")).name, labels["__address__"], given


def row(target: dict[str, Any], failing: Collection[tuple[str, ...]]) -> list[str]:
    """`failing` are the identities and instances whose probe found nothing: for the scrape of a probe that is fine."""
    file, address, _ = _key(target["discoveredLabels"])
    labels = target["labels"]
    is_failing = (*_identity(target), labels["instance"]) in failing and target["health"] == "up"
    said = "its probe fails: it refuses, hangs, or doesn't answer 200" if is_failing else target["lastError"]
    state = "down" if is_failing else target["health"]
    return [file, labels["application"], labels["service"], address, state, said or "fine"]


def lack(labels: dict[str, str]) -> str:
    if missing := [name for name in REQUIRED if not labels.get(name)]:
        return f"it has no label {' and no label '.join(missing)}; expected both, as in targets/README.md"
    for name in IDENTITY:
        if words := expected(name, value := labels.get(name, "")) if name in labels else "":
            return f"its label {name} is {value!r}; expected {words}"
    return f"its label probe is {labels.get('probe')!r}; expected {' or '.join(PROBES)}, or no such label for metrics"


def _line(file: Path, address: str) -> int:
    """The first line that names the address, counted from 1."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise OpsError(f"{file.name} can't be read ({error}); expected the file that Prometheus reads.") from None
    return next((number for number, line in enumerate(lines, 1) if address in line), 1)
