"""Two lines at the end of a settings.py that django-admin made: what they give, and what they leave alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import scripts
from harness.foreign import SETTINGS, Project
from harness.tracker import Tracker

QUIET = "System check identified no issues (0 silenced).\n"
NEVER_CAUGHT = """
import asyncio, logging, sys, threading, warnings

class Pooled:
    def __del__(self):
        raise KeyError("in the finalizer, password=hunter2")

def fail():
    raise ValueError("in the thread, password=hunter2")

def leave():
    sys.exit()

async def forget():
    asyncio.get_running_loop().call_soon(fail)
    task = asyncio.ensure_future(asyncio.to_thread(fail))
    await asyncio.wait([task])

Pooled()
for target in (fail, leave):
    thread = threading.Thread(target=target, name="importer")
    thread.start()
    thread.join()
asyncio.run(forget())
warnings.warn("old", UserWarning)
raise RuntimeError("at the end, password=hunter2")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def project(made: Project) -> Iterator[Project]:
    made.write()
    yield made
    for extra in made.folder.glob("shop/[bp]*.py"):
        extra.unlink()


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_commands_work_without_any_setting_and_leave_no_file(project: Project, tmp_path: Path) -> None:
    before = project.files()
    metrics = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"), "TMPDIR": str(tmp_path)}
    said = []
    for arguments in (
        ["check"],
        ["check", "--deploy", "--tag", "django_instrumentation"],
        ["migrate", "--plan"],
        ["help"],
    ):
        done = project.manage(*arguments, **metrics)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        said.append(done.stdout)
    assert said[0] == QUIET
    assert project.files() - {"db.sqlite3"} == before - {"db.sqlite3"}
    assert [path.name for path in tmp_path.iterdir()] == []


def test_application_and_service_are_the_project_in_the_application_and_in_gunicorn_s_master(project: Project) -> None:
    assert project.setting("[settings.INSTRUMENTATION.application, settings.INSTRUMENTATION.service]") == [
        "shop",
        "shop",
    ]
    code = "import sys; sys.argv[1:] = ['shop.wsgi']; from django_instrumentation.conf import from_environment as get"
    assert project.run("-c", f"{code}; print(get().application, get().service)").stdout == "shop shop\n"
    project.write(call="")
    (project.folder / "elsewhere.py").write_text(f"from shop.settings import *\n{SETTINGS}\n")
    assert project.setting("[settings.INSTRUMENTATION.application, settings.INSTRUMENTATION.service]", "elsewhere") == [
        "shop",
        "shop",
    ]
    (project.folder / "elsewhere.py").unlink()


@pytest.mark.parametrize("arguments", [["chekc"], ["migrate", "nosuch"], ["migrate", "--bogus"]])
def test_a_mistyped_command_is_django_s_own_message(project: Project, tracker: Tracker, arguments: list[str]) -> None:
    project.write(call="")
    plain = project.manage(*arguments)
    project.write()
    ours = project.manage(*arguments, SENTRY_DSN=tracker.dsn)
    assert (ours.returncode, ours.stdout, ours.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert tracker.events == []


def test_a_command_error_with_its_traceback_is_no_event(project: Project, tracker: Tracker) -> None:
    done = project.manage("migrate", "nosuch", "--traceback", SENTRY_DSN=tracker.dsn)
    assert "CommandError: No installed app with label 'nosuch'." in done.stderr
    assert (done.stdout, tracker.events) == ("", [])


def test_a_command_that_breaks_is_one_line_and_one_event(project: Project, tracker: Tracker) -> None:
    done = project.manage(*SHELL, "1/0", SENTRY_DSN=tracker.dsn)
    (line,) = json_lines(done.stderr)
    assert (line["level"], line["logger"], line["service"], done.stdout) == ("CRITICAL", "uncaught", "shop", "")
    assert [event["exception"]["values"][-1]["type"] for event in tracker.events] == ["ZeroDivisionError"]


def test_at_a_terminal_a_mistyped_command_is_a_plain_traceback_and_no_event(project: Project, tracker: Tracker) -> None:
    said = project.run_at_terminal("shell", "-c", "1/0", SENTRY_DSN=tracker.dsn)
    assert "Traceback (most recent call last):\n" in said
    assert '{"timestamp"' not in said
    assert tracker.events == []


SHELL = ("shell", "--no-imports", "-v", "0", "-c")
SAY = (*SHELL, "import logging; log = logging.getLogger('shop').warning; log('%d', 'x'); log('token=%s', 'hunter2')")
"""A faulty call, and one with a secret."""


def test_lines_at_a_terminal_are_for_people(project: Project) -> None:
    said = project.run_at_terminal(*SAY)
    assert said.startswith("\033[33m")
    assert "WARNING shop: token=[filtered]\033[0m\n" in said
    assert "\033" not in project.run_at_terminal(*SAY, NO_COLOR="1")
    assert json_lines(project.run_at_terminal(*SAY, LOG_FORMAT="json"))


def test_with_debug_lines_are_for_people_and_without_it_json(project: Project) -> None:
    assert [line["message"] for line in json_lines(project.manage(*SAY).stderr)][1:] == ["token=[filtered]"]
    project.write(debug=True)
    done = project.manage(*SAY)
    assert "WARNING shop: %d [the arguments can't be shown: TypeError]" in done.stderr
    assert done.stderr.endswith(" WARNING shop: token=[filtered]\n")
    assert ("\033" in done.stderr, done.stdout) == (False, "")
    assert json_lines(project.manage(*SAY, INSTRUMENTATION_LOG_FORMAT="json").stderr)


def test_what_nobody_catches_is_a_line_and_an_event_wherever_it_happens(project: Project, tracker: Tracker) -> None:
    code = f"import django; django.setup()\n{NEVER_CAUGHT}"
    done = project.run("-c", code, DJANGO_SETTINGS_MODULE="shop.settings", SENTRY_DSN=tracker.dsn)
    types = [event["exception"]["values"][-1]["type"] for event in tracker.events]
    assert types == ["KeyError", "ValueError", "ValueError", "ValueError", "RuntimeError"]
    lines = json_lines(done.stdout)
    assert done.stderr == ""
    assert [(line["logger"], line["level"]) for line in lines] == [
        ("uncaught", "ERROR"),
        ("uncaught", "ERROR"),
        ("asyncio", "ERROR"),
        ("asyncio", "ERROR"),
        ("py.warnings", "WARNING"),
        ("uncaught", "CRITICAL"),
    ]
    assert lines[0]["message"].startswith("KeyError in Pooled.__del__:")
    assert lines[1]["message"].startswith("ValueError in thread importer:")
    assert all(line["exception"].startswith("Traceback") for line in lines if line["logger"] == "uncaught")
    assert "hunter2" not in done.stdout


def test_base_and_production_settings_may_both_call_it(project: Project) -> None:
    """Production begins with `from .base import *`: what it changes counts, whether it calls again or not."""
    project.write(
        debug=True,
        before="MIDDLEWARE = tuple(MIDDLEWARE)\nINSTALLED_APPS = tuple(INSTALLED_APPS)",
        call="import django_instrumentation\ndjango_instrumentation.setup(globals(), metrics_token='t')",
    )
    folder = project.settings.parent
    base = project.settings.rename(folder / "base.py")
    own = "from .base import *\nDEBUG = False\nLOGGING = {'version': 1, 'root': {'level': 'ERROR'}}\n"
    (folder / "production.py").write_text(own)
    again = "MIDDLEWARE = ('django.middleware.gzip.GZipMiddleware', *MIDDLEWARE)\n"
    (folder / "production_again.py").write_text(f"{own}{again}django_instrumentation.setup(globals(), env='live')\n")
    for module in ("production", "production_again"):
        found = project.setting(
            "[settings.INSTRUMENTATION.metrics_token, settings.INSTALLED_APPS.count('django_instrumentation'), "
            "len(settings.MIDDLEWARE), len(set(settings.MIDDLEWARE)), settings.MIDDLEWARE[0].partition('.')[0], "
            "type(settings.MIDDLEWARE).__name__]",
            f"shop.{module}",
        )
        assert (found[:2], found[2] == found[3], found[4:]) == (["t", 1], True, ["django_instrumentation", "tuple"])
        code = "import django; django.setup(); import logging; logging.error('x'); logging.warning('y')"
        (line,) = json_lines(project.run("-c", code, DJANGO_SETTINGS_MODULE=f"shop.{module}").stdout)
        assert (line["message"], line["env"]) == ("x", "live" if module == "production_again" else "production")
    base.rename(project.settings)


def test_django_prometheus_own_middlewares_are_taken_out_and_told(project: Project) -> None:
    project.write(
        before="""
INSTALLED_APPS += ["django_prometheus"]
MIDDLEWARE = ["django_prometheus.middleware.PrometheusBeforeMiddleware", *MIDDLEWARE,
              "django_prometheus.middleware.PrometheusAfterMiddleware"]
"""
    )
    assert "django_prometheus" not in str(project.setting("settings.MIDDLEWARE"))
    said = project.manage("check").stderr
    assert said.count("django_instrumentation.W005") == 2
    assert "HINT: Remove it from MIDDLEWARE." in said


def test_a_logging_config_of_the_project_s_own_stays_and_is_told(project: Project) -> None:
    project.write(before="LOGGING_CONFIG = None")
    assert project.setting("settings.LOGGING_CONFIG") is None
    assert "django_instrumentation.W011" in project.manage("check").stderr


def test_an_order_that_was_broken_afterwards_is_put_right(project: Project) -> None:
    project.write(call=f"{SETTINGS}\nMIDDLEWARE.insert(0, 'django.middleware.gzip.GZipMiddleware')")
    done = project.manage(*SHELL, "from django.conf import settings; print(*settings.MIDDLEWARE[:2])")
    assert done.stdout.split() == [
        "django_instrumentation.middleware.Middleware",
        "django.middleware.gzip.GZipMiddleware",
    ]


def test_a_middleware_that_was_taken_out_afterwards_is_missed(project: Project) -> None:
    project.write(call=f"{SETTINGS}\nMIDDLEWARE.pop(0)")
    done = project.manage("check")
    assert done.returncode == 1
    assert "MIDDLEWARE is django.middleware.security.SecurityMiddleware, " in done.stderr
    assert "it puts the order right" in done.stderr


def test_a_wrong_value_ends_in_a_sentence(project: Project) -> None:
    done = project.manage("migrate", LOG_LEVEL="loud")
    assert done.stderr.splitlines()[-1].endswith(
        "INSTRUMENTATION's log_level is 'loud'; expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL. "
        "Set it in the environment variable LOG_LEVEL or in setup(log_level=…)."
    )


def test_the_app_alone_is_told_what_is_missing(project: Project) -> None:
    project.write(call='INSTALLED_APPS += ["django_instrumentation"]')
    done = project.manage("check")
    assert "django_instrumentation.E007" in done.stderr
    assert "Call django_instrumentation.setup(globals()) at the end of the settings." in done.stderr
    assert "Traceback" not in done.stderr


def test_without_opentelemetry_s_sdk_the_process_starts_and_the_ids_are_ours(project: Project) -> None:
    """OTEL_SDK_DISABLED is OpenTelemetry's own switch; by itself the id of every span would be 0."""
    project.write(
        call="import django_instrumentation\n"
        "django_instrumentation.setup(globals(), log_format='json')\nALLOWED_HOSTS = ['*']"
    )
    code = """
import django; django.setup()
from django.test import Client
from django_instrumentation import tracing
Client().get("/nowhere")
print(tracing.is_on())
"""
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "DJANGO_SETTINGS_MODULE": "shop.settings"}
    on = project.run("-c", code, **given)
    off = project.run("-c", code, **given, OTEL_SDK_DISABLED="True")
    # A line of the exporter, which can't reach its endpoint, may follow at the process's end.
    assert ("True" in on.stdout.splitlines(), "False" in off.stdout.splitlines()) == (True, True)
    line = json_lines(off.stdout.rpartition("False")[0])[-1]
    assert (line["logger"], set(line["trace_id"]) != {"0"}, line["span_id"] is None) == ("access", True, False)


def test_what_another_app_puts_before_all_middlewares_comes_after_ours(project: Project) -> None:
    """As OpenTelemetry's DjangoInstrumentor does in an app's ready()."""
    (project.folder / "shop" / "late.py").write_text("""
from django.apps import AppConfig
from django.conf import settings


class Late(AppConfig):
    name = "shop.late"
    path = "."

    def ready(self):
        settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware", *settings.MIDDLEWARE]
""")
    project.write(before='INSTALLED_APPS += ["shop.late.Late"]')
    done = project.manage(*SHELL, "from django.conf import settings; print(*settings.MIDDLEWARE[:2])")
    assert done.stdout.split() == [
        "django_instrumentation.middleware.Middleware",
        "django.middleware.gzip.GZipMiddleware",
    ]


def test_a_program_that_embeds_python_may_have_no_arguments() -> None:
    assert scripts.output("-c", "import sys; sys.argv = []; import django; django.setup()") == ""
