"""Each program that was built here reports the version that its recipe states; nothing of the mirror is inside.

Collected where images are built here only; with official images there is nothing of ours to look at.
"""

import shlex

import pytest

from ops import images, machine, recipes
from tests.support.stack import run

BUILT = [recipe for recipe in recipes.recipes().values() if recipe.reports]
SETTINGS = "cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/pip.conf /etc/apt/apt.conf.d/99* 2>/dev/null; true"


@pytest.mark.parametrize("recipe", BUILT, ids=[recipe.name for recipe in BUILT])
def test_program_reports_its_version(recipe: recipes.Recipe) -> None:
    command = f"{shlex.join(recipe.reports)} 2>&1"
    said = run("docker", "run", "--rm", "--network=none", "--entrypoint=sh", recipe.reference, "-c", command)
    assert recipe.version in said


@pytest.mark.parametrize("name", recipes.recipes())
def test_nothing_of_the_mirror_is_left_inside(name: str) -> None:
    reference = recipes.recipes()[name].reference
    said = run("docker", "run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", reference, "-c", SETTINGS)
    assert machine.debian_mirror() not in said
    history = run("docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", reference)
    assert machine.debian_mirror() not in history


def test_nothing_is_built_a_second_time(capsys: pytest.CaptureFixture[str]) -> None:
    images.build_all()
    assert "Building" not in capsys.readouterr().out
