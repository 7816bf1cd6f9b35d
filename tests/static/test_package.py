"""The package's README says what the code does: its set-up is short, and its table of public names is complete."""

import ast
import re
import tomllib

from packaging.requirements import Requirement
from packaging.version import Version

from tests.support.readme import PACKAGE, blocks
from tests.support.stack import ROOT

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


def test_each_floor_is_the_version_that_the_lowest_column_of_the_matrix_runs() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    needed = [need for need in map(Requirement, stated) if need.name != "Django"]  # a column of the matrix each
    floors = {need.name: Version(spec.version) for need in needed for spec in need.specifier if spec.operator == ">="}
    lock = (ROOT / "erp_app" / "matrix" / "lowest.txt").read_text(encoding="utf-8")
    locked = {name: Version(version) for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)}
    assert set(floors) == {need.name for need in needed}
    assert floors == {name: locked[name] for name in floors}
