"""Each program that was built here reports the version that its recipe states; nothing of the mirror is inside.

Collected where images are built here only; with official images there is nothing of ours to look at.
"""

import re
import shlex

import pytest

from images import sbom
from ops import images, machine, recipes
from ops.paths import IMAGES
from tests.support.stack import run
from tests.support.wait import eventually

BUILT = [recipe for recipe in recipes.of_the_stack() if recipe.reports]
SETTINGS = "cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/pip.conf /etc/apt/apt.conf.d/99* 2>/dev/null; true"


@pytest.mark.parametrize("recipe", BUILT, ids=[recipe.name for recipe in BUILT])
def test_program_reports_its_version(recipe: recipes.Recipe) -> None:
    command = f"{shlex.join(recipe.reports)} 2>&1"
    asked = ("docker", "run", "--rm", "--network=none", "--entrypoint=sh", recipe.reference, "-c", command)
    # On a busy machine the engine may lose the output of a container that ends at once.
    assert recipe.version in eventually(lambda: run(*asked), f"{recipe.name} to say something", 20)


@pytest.mark.parametrize("name", [recipe.name for recipe in recipes.of_the_stack()])
def test_nothing_of_the_mirror_is_left_inside(name: str) -> None:
    reference = recipes.recipes()[name].reference
    said = run("docker", "run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", reference, "-c", SETTINGS)
    assert machine.debian_mirror() not in said
    history = run("docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", reference)
    assert machine.debian_mirror() not in history


def test_nothing_is_built_a_second_time(capsys: pytest.CaptureFixture[str]) -> None:
    images.build_all()
    assert "Building" not in capsys.readouterr().out


def test_the_parts_of_a_go_program_have_its_modules_and_its_compiler() -> None:
    recipe = recipes.recipes()["redis-exporter"]
    names = {str(part) for part in sbom.parts_of(recipe, recipe.reference)}
    pinned = (IMAGES / "go" / "redis-exporter" / "go.mod").read_text(encoding="utf-8")
    (version,) = re.findall(r"github\.com/oliver006/redis_exporter (v\S+)", pinned)
    assert f"pkg:golang/github.com/oliver006/redis_exporter@{version}" in names
    assert [name for name in names if name.startswith(f"pkg:golang/stdlib@{recipes.recipes()['toolchain'].version}")]
    assert [name for name in names if name.startswith("pkg:deb/debian/busybox@")]
