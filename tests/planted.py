"""`make test-the-tests`: plants faults into a copy of this checkout and sees that the end-to-end tests notice.

For what no test of a lower layer has been seen red about. The copy is started under the stack's own project name: the
running stack and its data are deleted.
"""

import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from ops.console import say, step, table
from ops.paths import DECISION, ROOT
from tests.support.repository import copy_files

RED = ("failure", "error")
OVERRIDE = "compose.override.yaml"


@dataclass(frozen=True)
class Planted:
    """`before` becomes `after` wherever it stands in `file`; a file that isn't there becomes `after`."""

    what: str
    file: str
    before: str
    after: str
    turns_red: tuple[str, ...]

    def broken(self, text: str) -> str:
        """The file's text with the fault; LookupError when it no longer holds what was to be changed."""
        if self.before not in text:
            raise LookupError(
                f"{self.file} doesn't hold {self.before!r} any more. Correct its row in tests/planted.py."
            )
        return text.replace(self.before, self.after) if text else self.after


# Those of a group don't hide each other.
GROUPS: dict[str, tuple[Planted, ...]] = {
    "signals": (
        Planted(
            "a target's port is wrong",
            "prometheus/monitoring.yml",
            "telegraf:9273",
            "telegraf:9274",
            ("smoke/test_smoke.py::test_targets",),
        ),
        Planted(
            "one line in sixteen is dropped",
            "promtail/promtail.yml",
            "      - labels:\n          level:\n",
            "      - drop: {expression: 'smoke-[0-9a-f]*7\"'}\n      - labels:\n          level:\n",
            ("e2e/test_counts.py::test_requests_are_exactly_as_many_lines_in_loki",),
        ),
        Planted(
            "a service logs to nowhere",
            OVERRIDE,
            "",
            "services: {telegraf: {logging: !override {driver: none}}}\n",
            ("e2e/test_logs.py::test_service_has_lines[telegraf]",),
        ),
        Planted(
            "tasks don't get the ids of the request",
            "django-instrumentation/src/django_instrumentation/celery_tasks.py",
            "carried: dict[str, Any] = {**context.to_message(), **tracing.send_span(sender)}",
            "carried: dict[str, Any] = {}",
            ("smoke/test_smoke.py::test_order_tasks",),
        ),
        Planted(
            "each event is an issue of its own",
            "django-instrumentation/src/django_instrumentation/events.py",
            '        tags["service"] = self.service\n',
            '        tags["service"] = self.service\n        event["fingerprint"] = [event["event_id"]]\n',
            ("e2e/test_error_tracking.py::test_two_equal_errors_are_one_issue",),
        ),
        Planted(
            "a data source's address is wrong",
            "grafana/provisioning/datasources/tracing-on.yml",
            "http://loki:3100",
            "http://loki:3101",
            ("e2e/test_data_sources.py::test_data_source_answers[loki]",),
        ),
        Planted(
            "a page and a line tell a secret",
            "erp_app/config/views.py",
            '{"version": settings.VERSION,',
            '{"version": settings.VERSION, "key": (print(settings.PARTNER_API_KEY), settings.PARTNER_API_KEY)[1],',
            (
                "e2e/test_secrets.py::test_secret_is_told_nowhere[partner_api_key]",
                "e2e/test_secrets.py::test_secret_is_in_no_log_line[partner_api_key]",
            ),
        ),
    ),
    "workers": (
        Planted(
            "an alert that fires on a stack that is well",
            "prometheus/rules/self.yml",
            "max(inbox_heartbeat_age_seconds) > 180",
            "max(inbox_heartbeat_age_seconds) > -1",
            ("e2e/test_quiet.py::test_only_the_watchdog_fires", "e2e/test_quiet.py::test_nobody_is_told_anything"),
        ),
        Planted(
            "lines carry a label more",
            "promtail/promtail.yml",
            "      - structured_metadata:\n",
            "      - static_labels: {host: here}\n      - structured_metadata:\n",
            ("e2e/test_logs.py::test_labels_are_those_of_the_contract",),
        ),
        Planted(
            "gunicorn's workers write the same files",
            "django-instrumentation/src/django_instrumentation/multiprocess.py",
            "if try_lock(lock, fcntl.LOCK_EX):",
            "if lock:",
            ("e2e/test_counts.py::test_requests_are_exactly_counted_in_prometheus",),
        ),
    ),
}


def _plant(folder: Path, planted: Planted) -> None:
    path = folder / planted.file
    path.write_text(planted.broken(path.read_text(encoding="utf-8") if path.exists() else ""), encoding="utf-8")


def _run(folder: Path, *arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=folder, check=False, stdout=subprocess.DEVNULL).returncode


def _red_tests(folder: Path, group: tuple[Planted, ...]) -> set[str]:
    """Those of the group's tests that fail on the stack as it is in `folder`."""
    report = folder / "report.xml"
    tests = [f"tests/{name}" for planted in group for name in planted.turns_red]
    _run(folder, "-m", "pytest", "-q", f"--junitxml={report}", *tests)
    return {
        f"{'/'.join(case.attrib['classname'].split('.')[1:])}.py::{case.attrib['name']}"
        for case in ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
        if any(case.find(kind) is not None for kind in RED)
    }


def _try(name: str, group: tuple[Planted, ...]) -> list[list[str]]:
    with tempfile.TemporaryDirectory(prefix="planted-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        copy_files(folder)
        if DECISION.is_file():  # where the images come from is no file of the repository
            (folder / DECISION.relative_to(ROOT)).parent.mkdir()
            shutil.copy2(DECISION, folder / DECISION.relative_to(ROOT))
        for planted in group:
            _plant(folder, planted)
        with step(f"{name}: starting the stack with its faults"):
            _run(folder, "-m", "ops", "clean", "yes")  # the stack runs from another folder
            started = _run(folder, "-m", "ops", "up") == 0
        with step(f"{name}: asking the tests"):
            red = _red_tests(folder, group) if started else set()
        _run(folder, "-m", "ops", "clean", "yes")
    return [
        [name, planted.what, test, "red" if test in red else "STAYED GREEN"]
        for planted in group
        for test in planted.turns_red
    ]


def main(wanted: list[str]) -> int:
    rows = [row for name in wanted or GROUPS for row in _try(name, GROUPS[name])]
    say(f"\n{table(rows, ['group', 'what was planted', 'test', 'result'])}")
    say("\nThe stack is gone; `make up` starts it anew.")
    return 1 if any(row[-1] != "red" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
