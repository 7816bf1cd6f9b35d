"""`make sbom`: a CycloneDX file for each image of our own, from what is in it and what it was built of.

Debian packages and Python distributions are read inside the image, Go modules by `go version -m` from the binaries, npm
packages of the preview's page from its lock file. Written to .local/sbom.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from ops import images, recipes
from ops.commands import current
from ops.console import OpsError, output, say, step
from ops.paths import LOCAL, ROOT
from ops.recipes import Recipe
from ops.stack import OWN_IMAGES, Stack

FOLDER = LOCAL / "sbom"
SUITE = "debian-13"
LOOK = (
    "dpkg-query --show --showformat '${Package} ${Version} ${Architecture}\\n';"
    " find / -xdev -type d -name '*.dist-info'"
)
DISTRIBUTION = re.compile(r"/([\w.]+)-([\w.!+]+)\.dist-info")
MODULE = re.compile(r"^\t(?:dep|mod|=>)\t(\S+)\t(v\S+)", re.MULTILINE)
COMPILER = re.compile(r"^/\S+: go(\S+)$", re.MULTILINE)
REPLACED = re.compile(r"^\tdep\t\S+\t\S+\n(?=\t=>\t)", re.MULTILINE)


def debian(text: str) -> Iterator[PackageURL]:
    for line in text.splitlines():
        if len(words := line.split()) == 3:
            name, version, architecture = words
            yield PackageURL("deb", "debian", name, version, {"arch": architecture, "distro": SUITE})


def python(text: str) -> Iterator[PackageURL]:
    for name, version in DISTRIBUTION.findall(text):
        yield PackageURL("pypi", None, name.lower().replace("_", "-"), version)


def go(text: str) -> Iterator[PackageURL]:
    """From the output of `go version -m`; where a module is replaced, what is compiled; and Go's own library."""
    for version in COMPILER.findall(text):
        yield PackageURL("golang", None, "stdlib", version)
    for module, version in MODULE.findall(REPLACED.sub("", text)):
        namespace, _, name = module.rpartition("/")
        yield PackageURL("golang", namespace or None, name, version)


def npm(lock: str) -> Iterator[PackageURL]:
    """What the page may have in it: the tools that only build it are left out."""
    for path, package in json.loads(lock)["packages"].items():
        if path and not package.get("dev"):
            namespace, _, name = path.rpartition("node_modules/")[2].rpartition("/")
            yield PackageURL("npm", namespace or None, name, package["version"])


def bom(name: str, version: str, parts: list[PackageURL]) -> str:
    """The CycloneDX file as JSON."""
    made = Bom()
    made.metadata.component = Component(name=name, version=version, type=ComponentType.CONTAINER)
    for purl in sorted(set(parts), key=str):
        group = purl.namespace if purl.type in ("golang", "npm") else None
        part = Component(name=purl.name, group=group, version=purl.version, purl=purl, bom_ref=str(purl))
        made.components.add(part)
        made.register_dependency(made.metadata.component, [part])
    return make_outputter(made, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)


def parts_of(recipe: Recipe, reference: str) -> list[PackageURL]:
    run = ["docker", "run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", reference, "-c", LOOK]
    inside = output(run, timeout=120)
    found = [*debian(inside), *python(inside)]
    if recipe.is_go:
        found += go(_go_versions(recipe))
    lock = recipe.folder / "package-lock.json"
    if lock.is_file():
        found += npm(lock.read_text(encoding="utf-8"))
    return found


def _go_versions(recipe: Recipe) -> str:
    """What `go version -m` says of the program's binaries, by the compiler that built them."""
    with tempfile.TemporaryDirectory() as folder:
        container = output(["docker", "create", recipe.go_reference, "none"]).strip()
        try:
            output(["docker", "cp", f"{container}:/", f"{folder}/out"], timeout=300)
        finally:
            output(["docker", "rm", "--force", "--volumes", container])
        toolchain = recipes.recipes()["toolchain"].reference
        run = ["docker", "run", "--rm", "--network=none", f"--volume={folder}/out:/out:ro", toolchain]
        return output([*run, "go", "version", "-m", "/out"], timeout=120)


def own(stack: Stack) -> dict[str, str]:
    """The images of our own by their recipes: beside official images only the three of this repository's programs."""
    if stack.image_source == "local":
        return {each.name: each.reference for each in recipes.of_the_stack() if each.name != "toolchain"}
    return {prefix.rpartition("/")[2].rstrip(":"): f"{prefix}{stack.settings['VERSION']}" for prefix in OWN_IMAGES}


def main() -> int:
    try:
        wanted = own(current())
        if missing := [reference for reference in wanted.values() if not images.present(reference)]:
            raise OpsError(f"Not here: {', '.join(missing)}; expected every image of our own. Run `make up` first.")
        FOLDER.mkdir(parents=True, exist_ok=True)
        with step(f"Looking into {len(wanted)} images"):
            for name, reference in wanted.items():
                recipe = recipes.recipes()[name]
                parts = parts_of(recipe, reference)
                file = FOLDER / f"{name}.cdx.json"
                file.write_text(bom(name, recipe.version, parts), encoding="utf-8")
                say(f"    {file.relative_to(ROOT)}: {len(set(parts))} parts")
    except OpsError as error:
        say(f"\nmake: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
