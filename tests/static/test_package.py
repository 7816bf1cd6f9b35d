"""The package's README says what the code does: its set-up is short, and its table of public names is complete."""

import ast
import re
import tomllib

from packaging.requirements import Requirement
from packaging.version import Version

from tests.support.readme import PACKAGE, blocks
from tests.support.stack import ROOT

BETWEEN = {
    "celery": [Version("5.5.3"), Version("5.6.2")],
    "sentry-sdk": [Version("2.70.0")],
    "django": [Version("5.2"), Version("6.0"), Version("6.1.3")],
}
"""Versions of projects such as pretix, and those that the README promises."""
ROW = re.compile(r"^\| `(django_instrumentation[.\w]*)` \| (.+) \|$", re.MULTILINE)
README = (PACKAGE / "README.md").read_text(encoding="utf-8")
PUBLIC = dict(ROW.findall(README))


def test_the_set_up_is_one_call() -> None:
    assert blocks()["settings.py"].split() == [
        "import",
        "django_instrumentation",
        "django_instrumentation.setup(globals())",
    ]
    assert set(blocks()) == {"install", "settings.py", "run"}


def exported() -> dict[str, list[str]]:
    """What each module's __all__ names, where it has one."""
    found = {}
    for source in sorted((PACKAGE / "src").rglob("*.py")):
        for statement in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
                parts = source.relative_to(PACKAGE / "src").with_suffix("").parts
                found[".".join(parts).removesuffix(".__init__")] = ast.literal_eval(statement.value)
    return found


def test_public_names_are_those_that_the_modules_export_and_no_others() -> None:
    assert {module: re.findall(r"`(\w+)`", names) for module, names in PUBLIC.items()} == exported()


def test_what_the_readme_names_of_the_package_is_public_and_there() -> None:
    """As a name in code, or as a file: whoever has the package from PyPI has no folder docs."""
    named = set(re.findall(r"(?:python -m |python:|from )`?(django_instrumentation[.\w]*)", README))
    commands = set(re.findall(r"`python -m (django_instrumentation\.\w+)", README.rpartition("The commands are")[2]))
    assert commands
    assert named <= set(PUBLIC) | commands
    files = re.findall(r"`(django_instrumentation/[\w./]+|docs/[\w./-]+)`", README)
    assert [file for file in files if not ((PACKAGE / "src" / file).is_file() or (ROOT / file).is_file())] == []


def test_the_files_that_comments_of_the_project_file_name_are_there() -> None:
    comments = re.findall(r"#.*", (PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))
    named = re.findall(r"\b(?:erp_app|tests|docs)/[\w./-]*\w", " ".join(comments))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def requirements() -> list[Requirement]:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(each) for each in (*project["dependencies"], *(each for extra in extras for each in extra))]


def locked(file: str) -> dict[str, Version]:
    lock = (ROOT / "erp_app" / file).read_text(encoding="utf-8")
    return {name.lower(): Version(version) for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)}


def test_each_floor_is_the_version_that_the_lowest_column_of_the_matrix_runs() -> None:
    needed = [need for need in requirements() if need.name != "Django"]  # a column of the matrix each
    floors = {need.name: Version(spec.version) for need in needed for spec in need.specifier if spec.operator == ">="}
    lowest = locked("matrix/lowest.txt")
    assert set(floors) == {need.name for need in needed}
    assert floors == {name: lowest[name] for name in floors}


def test_every_version_that_the_tests_run_with_and_those_of_foreign_projects_are_allowed() -> None:
    """Lowest, between and newest: an upper bound, or a floor that is too high, keeps a project from the package."""
    newest = locked("requirements.txt")
    for need in requirements():
        name = need.name.lower()
        wanted = {newest[name], *BETWEEN.get(name, ())}
        assert [str(version) for version in wanted if version not in need.specifier] == []
