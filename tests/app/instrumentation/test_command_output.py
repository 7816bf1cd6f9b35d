"""What a manage.py command prints is its product: its log lines go to stderr, those of servers to stdout."""

import json
import sys
from pathlib import Path

import pytest
from harness import processes
from harness.foreign import SETTINGS, Project

LOG = "import logging; logging.getLogger('shop').warning('a line')"
APP = f"""
from django.apps import AppConfig

class Shop(AppConfig):
    name = "shop"

    def ready(self):
        {LOG}
"""
OWN_SCRIPT = "from django.core.management import execute_from_command_line as run; run(['shop', 'dumpdata'])"
COMMAND_IN_A_SERVER = "import django; django.setup(); from django.core.management import call_command as c; c('check')"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One that logs at its start, as a warning about a deprecated setting does."""
    made = Project(tmp_path_factory.mktemp("commands"))
    made.write(call=f"INSTALLED_APPS += ['shop']\n{SETTINGS}")
    (made.folder / "shop" / "apps.py").write_text(APP)
    assert made.manage("migrate").returncode == 0
    return made


@pytest.mark.parametrize(
    "arguments",
    [
        ("manage.py", "dumpdata", "sessions"),
        ("-m", "django", "dumpdata", "sessions"),
        (str(processes.BIN / "django-admin"), "dumpdata", "sessions"),
        ("-c", OWN_SCRIPT.replace("'dumpdata'", "'dumpdata', 'sessions'")),
        ("manage.py", "shell", "--no-imports", "-v", "0", "-c", "print('[]')"),
    ],
)
def test_a_command_s_product_is_all_of_its_output(project: Project, arguments: tuple[str, ...]) -> None:
    done = project.run(*arguments, DJANGO_SETTINGS_MODULE="shop.settings", PYTHONPATH=_with(project))
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["a line"]


def test_a_command_that_a_server_calls_moves_none_of_its_lines(project: Project) -> None:
    done = project.run("-c", f"{COMMAND_IN_A_SERVER}; {LOG}", DJANGO_SETTINGS_MODULE="shop.settings")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert [json.loads(line)["message"] for line in lines] == ["a line", "a line"]
    assert done.stderr == ""


@pytest.mark.parametrize("stdout", ["Tee()", "None"])
def test_a_stdout_that_can_not_say_whether_it_is_a_terminal_keeps_no_process_from_starting(
    project: Project, stdout: str
) -> None:
    code = f"""
import sys, django

class Tee:
    def __init__(self):
        self.write, self.flush = sys.__stdout__.write, sys.__stdout__.flush

sys.stdout = {stdout}
django.setup()
"""
    done = project.run("-c", code, DJANGO_SETTINGS_MODULE="shop.settings")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == ["a line"] * (stdout == "Tee()")


def test_a_server_that_manage_py_starts_writes_to_stdout(project: Project) -> None:
    done = project.manage("runserver", "--noreload", "nowhere:port")
    assert done.returncode == 1
    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == ["a line"]


def test_lines_are_for_people_where_the_log_goes_to_a_terminal(project: Project, tmp_path: Path) -> None:
    """As in `manage.py dumpdata > file`: stdout is a file, stderr the terminal."""
    file = tmp_path / "data.json"
    command = [sys.executable, "manage.py", "dumpdata", "sessions"]
    code = f"import subprocess; subprocess.run({command!r}, stdout=open({str(file)!r}, 'w'))"
    said = project.run_at_terminal("shell", "--no-imports", "-v", "0", "-c", code)
    assert said.count("WARNING shop: a line") == 2
    assert json.loads(file.read_text()) == []


def _with(project: Project) -> str:
    return processes.with_support(str(project.folder))
