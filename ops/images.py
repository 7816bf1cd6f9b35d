"""Builds every image here, for machines that no container registry reaches."""

import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ops import debian_packages, machine, recipes
from ops.console import OpsError, capture, output, run_logged, say, step
from ops.paths import IMAGES, LOCAL, LOGS
from ops.recipes import Recipe

BUILD_DISK_BYTES = 12 * 1024**3
# runc sometimes loses a step's process before the step begins; the recipe isn't at fault.
STEP_NEVER_BEGAN = "waiting for init preliminary setup"


def present(reference: str) -> bool:
    return capture(["docker", "image", "inspect", "--format", "{{.Id}}", reference]).returncode == 0


def absent(references: Iterable[str]) -> list[str]:
    return [reference for reference in references if not present(reference)]


def build_cache() -> str:
    """How large the engine's build cache is, such as 11.3GB."""
    sizes = output(["docker", "system", "df", "--format", "{{.Type}}={{.Size}}"])
    return dict(line.split("=", 1) for line in sizes.splitlines())["Build Cache"]


def build_all(references: Collection[str] = ()) -> None:
    """Build every image of the stack that isn't there yet; where some are named, those and what they are built from."""
    names = _with_bases(references or {each.reference for each in recipes.of_the_stack()})
    wanted = [each for each in recipes.recipes().values() if each.name in names]
    missing = [recipe for recipe in wanted if not present(recipe.reference)]
    needed = [recipe for recipe in missing if recipe.name != "toolchain" or any(_needs_toolchain(r) for r in missing)]
    if needed:
        free = shutil.disk_usage("/var/lib/docker" if Path("/var/lib/docker").exists() else "/").free
        if free < BUILD_DISK_BYTES:
            raise OpsError(
                f"Too little disk for building the images: found {free / 1024**3:.1f} GiB free, expected "
                f"{BUILD_DISK_BYTES / 1024**3:.0f} GiB. Free some space and run `make up` again."
            )
        say(f"Building {len(needed)} of {len(wanted)} images here; what is finished is kept if you interrupt this.")
    for number, recipe in enumerate(needed, 1):
        with step(f"Image {number}/{len(needed)}: {recipe.name} {recipe.version}"):
            build(recipe)


def _with_bases(references: Collection[str]) -> set[str]:
    every = recipes.recipes()
    names = {each.name for each in every.values() if each.reference in references}
    if any(every[name].is_go for name in names):
        names.add("toolchain")
    while more := {base for name in names if (base := every[name].base)} - names:
        names |= more
    return names


def _needs_toolchain(recipe: Recipe) -> bool:
    return recipe.base == "toolchain" or (recipe.is_go and not present(recipe.go_reference))


def build(recipe: Recipe) -> None:
    if recipe.base is None:
        _build_base(recipe)
        return
    arguments = {"BASE_IMAGE": recipes.recipes()[recipe.base].reference, **recipe.args}
    if recipe.is_go:
        if not present(recipe.go_reference):
            _build_go(recipe)
        arguments["GO_IMAGE"] = recipe.go_reference
    if recipe.base == "toolchain":
        arguments |= machine.go_environment()
    docker_build(recipe.reference, recipe.folder, arguments, log=recipe.name, contexts=recipe.other_folders)


def _build_go(recipe: Recipe) -> None:
    arguments = {
        "TOOLCHAIN_IMAGE": recipes.recipes()["toolchain"].reference,
        "PROGRAM": recipe.go_folder.name,
        "PACKAGES": " ".join(recipe.go_packages),
        "TAGS": ",".join(recipe.tags),
        "LDFLAGS": recipe.ldflags.format(version=recipe.version),
        **machine.go_environment(),
    }
    docker_build(recipe.go_reference, IMAGES / "go", arguments, log=f"go-{recipe.name}")


def docker_build(
    reference: str,
    context: Path,
    arguments: dict[str, str],
    *,
    log: str,
    target: str | None = None,
    contexts: Mapping[str, Path] = MappingProxyType({}),
) -> None:
    """One `docker buildx build`; the machine's mirror, proxy and certificates go in as secrets and arguments."""
    command = ["docker", "buildx", "build", "--progress=plain", "--load", f"--tag={reference}"]
    for name, value in {**machine.proxies(), **arguments}.items():
        command += ["--build-arg", f"{name}={value}"]
    for name, folder in contexts.items():
        command += ["--build-context", f"{name}={folder}"]
    if target:
        command += ["--target", target]
    with tempfile.TemporaryDirectory(dir=_private_folder()) as secrets:
        for name, content in machine_files().items():
            file = Path(secrets, name)
            file.write_bytes(content)
            command += ["--secret", f"id={name},src={file}"]
        run = partial(run_logged, [*command, str(context)], log=LOGS / f"build-{log}.log", title=f"Building {log}")
        try:
            run()
        except OpsError as error:
            if STEP_NEVER_BEGAN not in str(error):
                raise
            say(f"    Building {log}: the engine couldn't start a step's process. Once more, from that step on.")
            run()


def _private_folder() -> Path:
    folder = LOCAL / "build"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def machine_files() -> dict[str, bytes]:
    """What a build has to know of this machine, by secret id; only files that say something."""
    files: dict[str, bytes] = {
        "pip-conf": machine.pip_configuration().encode(),
        "npmrc": machine.npm_configuration().encode(),
    }
    if machine.is_debian():
        files["apt-sources"] = _apt_sources().encode()
        files["apt-conf"] = _apt_configuration().encode()
    bundle = machine.ca_bundle()
    if bundle is not None:
        files["ca-bundle"] = bundle.read_bytes()
    return files


def _apt_sources() -> str:
    suite = recipes.recipes()["base"].suite
    sources = [machine.debian_source(machine.debian_mirror(), f"{suite} {suite}-updates {suite}-backports")]
    if security := machine.debian_security_mirror():
        sources.append(machine.debian_source(security, f"{suite}-security"))
    return "\n".join(sources)


def _apt_configuration() -> str:
    dump = capture(["apt-config", "dump", "--format", '%f "%v";%n'])
    wanted = re.compile(r'^Acquire::https?::(Proxy|Verify-Peer|CaInfo)[^ ]* ".+";$')
    return "".join(f"{line}\n" for line in dump.stdout.splitlines() if wanted.match(line))


def _build_base(recipe: Recipe) -> None:
    """A minimal Debian by mmdebstrap from the machine's own mirror, imported as an image."""
    if not machine.is_debian() or not machine.is_root():
        raise OpsError(
            "No container registry answered, and building the images here needs root on Debian: found "
            f"{machine.os_release().get('PRETTY_NAME', 'another system')}, user id {os.geteuid()}. "
            "Make a registry reachable, or run `make up` as root on Debian 12 or newer."
        )
    if shutil.which("mmdebstrap") is None:
        debian_packages.install("mmdebstrap", why="it makes the base image")
    with tempfile.TemporaryDirectory(dir=_private_folder()) as folder:
        archive = Path(folder, "base.tar")
        command = [
            "mmdebstrap",
            "--variant=minbase",
            f"--include={','.join(recipe.debian_packages)}",
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--customize-hook=ln -s busybox $1/usr/bin/wget",
            # No setting of this machine stays in the image: each build gets the mirror as a secret.
            "--customize-hook=rm -rf $1/etc/apt/sources.list $1/etc/apt/sources.list.d/*",
            "--customize-hook=rm -f $1/etc/apt/apt.conf.d/99mmdebstrap",
            "--customize-hook=rm -rf $1/var/lib/apt/lists/* $1/var/log/* $1/etc/hostname $1/etc/resolv.conf",
            recipe.suite,
            str(archive),
            "-",
        ]
        run_logged(command, log=LOGS / "build-base.log", title="Building base", stdin=_apt_sources())
        loaded = capture(["docker", "import", str(archive), recipe.reference], timeout=300)
    if loaded.returncode != 0:
        raise OpsError(f"`docker import` of the base image failed: {loaded.stderr.strip()}. Run `make up` again.")
