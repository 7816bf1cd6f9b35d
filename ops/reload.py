"""`make reload`: rules, scrape configuration, routes, texts and applications/ into the running stack, in seconds.

The program that will read a file checks it first, in a container of its own; where it refuses, nothing is changed.
"""

import json
import re
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ops import application_files, targets
from ops.alerts import SEVERITIES, answering, exposition, prometheus
from ops.config_check import check
from ops.console import OpsError, capture, each_of, say, step
from ops.paths import LOCAL
from ops.stack import ONCE, Stack, refuse_scaled
from ops.wait import attempts

PROMETHEUS_FILES = ("prometheus.yml", "monitoring.yml")
BOARDS = Path("grafana/dashboards/generated")
WITHIN_SECONDS = 60.0


def reload(stack: Stack) -> None:
    """Raises OpsError with what the refusing program says; a broken file in targets/ holds nothing else up."""
    refuse_scaled(stack, "reload", "`make up` takes changed rules, routes and targets over")
    if missing := {"prometheus", "alertmanager", "loki", "grafana"} - stack.running():
        raise OpsError(f"{', '.join(sorted(missing))}: not running; expected a started stack. Run `make up`.")
    with step("Checking"):
        _check_log_rules(stack)
        application_files.take_over(stack.root, stack.settings.secrets)
        check_files(stack)
        broken = targets.broken(stack)
        for sentence in targets.unread(stack.root):
            say(f"    {sentence}")
    with step("Reloading Prometheus"):
        _reload_prometheus(stack)
        for sentence in undecided(prometheus(stack, "rules", type="alert")["groups"]):
            say(f"    {sentence}")
    with step("Reloading Alertmanager"):
        reload_alertmanager(stack)
    say("Loki takes over changed rules within 10 seconds, Grafana changed boards within half a minute. A change of")
    say("another file needs `make up`.")
    if broken:
        raise OpsError(f"{broken}\nAll else is loaded.")


def check_files(stack: Stack) -> None:
    """By the programs of this checkout's images, in containers beside what runs; all but the files in targets/."""
    boards = sorted((stack.root / BOARDS).glob("*.json"))
    each_of(
        lambda: _check_prometheus(stack),
        lambda: _check_routes(stack),
        *(partial(_check_json, board) for board in boards),
    )


def _check_prometheus(stack: Stack) -> None:
    """In a folder without targets/, whose files promtool would check too."""
    with tempfile.TemporaryDirectory(dir=LOCAL) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for file in PROMETHEUS_FILES:
            (folder / file).write_bytes(stack.read(f"prometheus/{file}").read_bytes())
        (folder / "rules").symlink_to(f"{stack.prometheus_folder}/rules")
        check(stack, "prometheus", "promtool", "check", "config", "/checked/prometheus.yml", mount=folder)


def _check_log_rules(stack: Stack) -> None:
    """Ask the running Loki, which reads the files anew for this answer; it goes on with its old rules meanwhile."""
    base = f"http://{stack.settings.host}:{stack.settings['LOKI_PORT']}"
    with answering("Loki", base):
        try:
            urllib.request.urlopen(f"{base}/loki/api/v1/rules", timeout=10).close()  # noqa: S310
            return
        except urllib.error.HTTPError as error:
            said = error.read().decode().strip()
    raise OpsError(
        f"Loki refuses loki/rules; its old rules go on until it is started again.\n{said}\n"
        "Correct what it names, and run the same command again."
    )


def _check_routes(stack: Stack) -> None:
    """Render them as the service alertmanager-config does, into a folder that nobody reads, and ask amtool."""
    given = stack.model["services"]["alertmanager-config"]["environment"]
    with tempfile.TemporaryDirectory(dir=LOCAL) as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = [f"{key}={value}" for key, value in {**given, "PYTHONPATH": str(stack.root)}.items()]
        renderer = [sys.executable, "-B", "-m", "alertmanager.render", str(stack.settings.secrets), name]
        done = capture(["env", *environment, *renderer])
        if done.returncode != 0:
            raise OpsError(f"{done.stderr.strip()} What runs stays as it is.")
        check(stack, "alertmanager", "amtool", "check-config", "/checked/alertmanager.yml", mount=folder)


def _check_json(board: Path) -> None:
    try:
        json.loads(board.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OpsError(f"{board.name} is no JSON ({error}); the running boards stay. Run `make dashboards`.") from None


def undecided(groups: list[dict[str, Any]]) -> Iterator[str]:
    """A sentence for each alert in prometheus/rules/own/ whose label severity no route knows."""
    for rule in (rule for group in groups if Path(group["file"]).parent.name == "own" for rule in group["rules"]):
        severity = rule["labels"].get("severity", "")
        if severity not in SEVERITIES and "{{" not in severity:
            yield (
                f"{rule['name']} has the label severity {severity!r}, expected one of {', '.join(SEVERITIES)}: "
                "it is sent as a warning is."
            )


def _reload_prometheus(stack: Stack) -> None:
    inside = [f"{stack.prometheus_folder}/{name}" for name in PROMETHEUS_FILES]
    ours = [stack.read(f"prometheus/{name}").read_text(encoding="utf-8") for name in PROMETHEUS_FILES]
    if stack.compose("exec", "-T", "prometheus", "cat", *inside) != "".join(ours):
        # The editor has put a new file in place of one that is mounted.
        stack.compose("up", "--detach", "--no-deps", "--wait", "prometheus", timeout=WITHIN_SECONDS + 60)
        return
    base = f"http://{stack.settings.host}:{stack.settings['PROMETHEUS_PORT']}"
    before, was_successful = _last_reload(base)
    stack.compose("kill", "--signal", "SIGHUP", "prometheus")
    for _ in attempts(WITHIN_SECONDS, 0.2):
        succeeded_at, is_successful = _last_reload(base)
        if succeeded_at != before:
            return
        if was_successful and not is_successful:
            break
    raise OpsError(
        "Prometheus didn't take the new configuration and goes on with the old one; expected a reload within "
        f"{WITHIN_SECONDS:.0f} s. `make logs SERVICE=prometheus` says why."
    )


def _last_reload(base: str) -> tuple[float, float]:
    """When a reload last succeeded, in Unix seconds, and whether the last one did, 1 or 0."""
    values = dict(
        re.findall(r"^(prometheus_config_last_reload_\w+) (\S+)$", exposition(base, "Prometheus"), re.MULTILINE)
    )
    names = ("success_timestamp_seconds", "successful")
    succeeded_at, is_successful = (float(values[f"prometheus_config_last_reload_{name}"]) for name in names)
    return succeeded_at, is_successful


def reload_alertmanager(stack: Stack) -> None:
    """Render its configuration anew and load it, with SCALE=on into each that runs; OpsError where one refuses."""
    stack.compose(*ONCE, "alertmanager-config")
    running = stack.running()
    for service in stack.replicas("alertmanager"):
        if service == "alertmanager" and service in running:
            _reload_first_alertmanager(stack)
        elif service in running:  # it has no port
            address = "http://127.0.0.1:9093/-/reload"
            stack.compose("exec", "-T", service, "wget", "-q", "-O", "/dev/null", "--post-data=", address)


def _reload_first_alertmanager(stack: Stack) -> None:
    url = f"http://{stack.settings.host}:{stack.settings['ALERTMANAGER_PORT']}/-/reload"
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=30).close()
    except urllib.error.HTTPError as error:
        raise OpsError(
            f"Alertmanager goes on with its old configuration: {error.read().decode().strip()}. Correct alertmanager/ "
            "and run `make reload` again, before it is restarted."
        ) from None
