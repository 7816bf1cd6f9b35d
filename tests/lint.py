"""Every linter over every file it is for: `python -m tests.lint`."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ops.paths import ROOT
from tests.support.repository import files

BIN = Path(sys.executable).parent  # the linters are installed beside this Python
ERP = ROOT / "erp_app"
PACKAGE = ROOT / "django-instrumentation"
# mypy knows the models of one Django project at a time: the ERP has a run of its own, and two others have none.
UNTYPED = (
    *(ERP, PACKAGE, ROOT / "tests" / "app", ROOT / "sentry", ROOT / "tests" / "ops" / "sentry_release"),
    ROOT / "tests" / "bench" / "overhead" / "project",
)


@dataclass(frozen=True)
class Linter:
    name: str
    command: tuple[str, ...]
    targets: Callable[[], Sequence[Path]]
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, targets: Sequence[Path]) -> subprocess.CompletedProcess[str]:
        paths = [path.relative_to(ROOT) if path.is_relative_to(ROOT) else path for path in targets]
        command = [str(BIN / self.command[0]), *self.command[1:], *map(str, paths)]
        env = {**os.environ, **self.environment}
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=600)


def _below(*folders: Path) -> list[Path]:
    return [path for path in files("*.py") if set(folders) & set(path.parents)]


def _typed() -> list[Path]:
    return [path for path in files("*.py") if path not in _below(*UNTYPED)]


def _typed_erp() -> list[Path]:
    return [path for path in _below(ERP, PACKAGE) if path.parent.name != "migrations"]


def _shell() -> list[Path]:
    scripts = {path for path in files() if path.read_bytes()[:64].split(b"\n")[0].endswith((b"/sh", b"bash"))}
    return sorted(scripts | set(files("*.sh")))


def _compose() -> list[Path]:
    # Not those with !reset and !override, which the schema doesn't know: test_services.py and test_agent.py say what
    # they may hold.
    left_out = ("compose.offline.yaml", "compose.agent.yaml", "compose.scale.yaml", "compose.scale.storage.yaml")
    return [path for path in files("compose*.yaml") if path.name not in left_out]


# mypy's plugin loads the ERP's settings, to know its models; it connects to nothing.
ERP_SETTINGS = {
    "PYTHONPATH": f"{ERP}:{PACKAGE / 'src'}",
    **dict.fromkeys(("DATABASE_HOST", "REDIS_HOST", "PAYMENT_API_URL", "SHIPPING_API_URL"), "unused"),
    **dict.fromkeys(
        ("DATABASE_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY", "METRICS_TOKEN", "PARTNER_API_KEY"), "unused"
    ),
}

IMPORTED_FROM = {"PYTHONPATH": "erp_app:django-instrumentation/src"}
# SC1091: a script's companion lies elsewhere in this repository than in its container.
LINTERS = {
    linter.name: linter
    for linter in (
        Linter("ruff check", ("ruff", "check", "--force-exclude"), partial(files, "*.py")),
        Linter("ruff format", ("ruff", "format", "--check", "--force-exclude"), partial(files, "*.py")),
        Linter("mypy", ("mypy",), _typed),
        Linter("imports", ("lint-imports", "--no-cache"), lambda: [ROOT / "pyproject.toml"], IMPORTED_FROM),
        Linter("mypy of the ERP", ("mypy", "--config-file", "erp_app/mypy.ini"), _typed_erp, ERP_SETTINGS),
        Linter("yamllint", ("yamllint", "--strict"), partial(files, "*.yml", "*.yaml")),
        Linter("shellcheck", ("shellcheck", "--exclude=SC1091"), _shell),
        Linter("hadolint", ("hadolint", "--config", ".hadolint.yaml"), partial(files, "Dockerfile")),
        Linter("compose schema", ("check-jsonschema", "--builtin-schema", "vendor.compose-spec"), _compose),
    )
}


def main() -> int:
    failed = []
    for linter in LINTERS.values():
        started = time.monotonic()
        targets = linter.targets()
        done = linter.run(targets)
        verdict = "ok" if done.returncode == 0 else f"exit code {done.returncode}"
        seconds = time.monotonic() - started
        sys.stdout.write(f"{linter.name}: {len(targets)} files, {seconds:.1f} s: {verdict}\n")
        if done.returncode != 0 or not targets:
            failed.append(linter.name)
            sys.stdout.write(done.stdout + done.stderr)
        sys.stdout.flush()
    if failed:
        sys.stdout.write(f"Linters that found something or no file to look at: {', '.join(failed)}\n")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
