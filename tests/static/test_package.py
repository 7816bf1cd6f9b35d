"""The package's README says what the code does: its set-up is short, and its table of public names is complete."""

import ast
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.support.readme import PACKAGE, blocks
from tests.support.stack import ROOT

ROW = re.compile(r"^\| `(django_o11y[.\w]*)` \| (.+) \|$", re.MULTILINE)
PUBLIC = dict(ROW.findall((PACKAGE / "README.md").read_text(encoding="utf-8")))


def test_the_set_up_is_one_call() -> None:
    assert blocks()["settings.py"].split() == ["import", "django_o11y", "django_o11y.setup(globals())"]
    assert set(blocks()) == {"install", "settings.py", "run"}


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_those_that_the_module_exports(module: str) -> None:
    path = PACKAGE.joinpath("src", *module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            assert ast.literal_eval(statement.value) == re.findall(r"`(\w+)`", PUBLIC[module])
            return
    raise AssertionError(f"{source} has no __all__; expected the names that the README's table gives {module}")


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
