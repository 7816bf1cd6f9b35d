"""A Kubernetes of one node in one container, on which deploy/kubernetes runs as docs/kubernetes.md says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

from ops import images, recipes, settings
from tests.support import kubernetes_overlay, stack
from tests.support.second_stack import SecondStack
from tests.support.services import PORT_SETTINGS
from tests.support.wait import eventually

PROJECT = "kubernetes"
CONTAINER = f"{PROJECT}-node"
OF_THE_NODE = ("kubernetes", "pause", "prometheus-operator")
READY_SECONDS = 300
# Runs where `secrets` lies, beside the folder that `make kubernetes` has written.
STEP = re.compile(r"\*\*Namespaces and secrets\.\*\*.*?```sh\n(.*?)```", re.DOTALL)
CHECKOUT = "/checkout"
Object = dict[str, Any]


class Node:
    def kubectl(self, *arguments: str, timeout: float = 60) -> str:
        return stack.run("docker", "exec", CONTAINER, "kubectl", *arguments, timeout=timeout)

    def get(self, kind: str, namespace: str = "", *more: str) -> list[Object]:
        """Every object of a kind, of one namespace or of all."""
        place = ("-n", namespace) if namespace else ("-A",)
        return list(json.loads(self.kubectl("get", kind, *place, *more, "-o", "json"))["items"])

    def execute(self, namespace: str, pod: str, *command: str) -> str:
        return self.kubectl("exec", "-n", namespace, pod, "--", *command)

    def name_of(self, pod: Object) -> str:
        return str(pod["metadata"]["labels"]["app.kubernetes.io/name"])

    def kill(self, name: str) -> None:
        """Every container of one pod of a kind, with -9; returns when the kubelet has seen it."""
        pod = next(each for each in self.get("pods") if self.name_of(each) == name and not _why_unready(each))
        place, states = pod["metadata"], pod["status"]["containerStatuses"]
        for state in states:
            task = state["containerID"].removeprefix("containerd://")
            kill = ("ctr", "-n", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", "--all", task)
            stack.run("docker", "exec", CONTAINER, *kill)
        restarts = {state["name"]: state["restartCount"] for state in states}

        def again() -> bool:
            found = json.loads(self.kubectl("-n", place["namespace"], "get", "pod", place["name"], "-o", "json"))
            now = {each["name"]: each["restartCount"] for each in found["status"]["containerStatuses"]}
            return all(now[container] > number for container, number in restarts.items())

        eventually(again, f"each container of {place['name']} started anew", 120, interval=1)

    def unready(self) -> dict[str, str]:
        """The pods that are neither ready nor a Job's that ended well, with what they wait for."""
        return {each["metadata"]["name"]: why for each in self.get("pods") if (why := _why_unready(each))}

    def apply(self, *arguments: str) -> str:
        return self.kubectl("apply", "--server-side", *arguments, timeout=300)

    def load(self, *references: str) -> None:
        """Have images of the engine in the node's containerd."""
        with subprocess.Popen(("docker", "save", *references), stdout=subprocess.PIPE) as saved:
            into = ("docker", "exec", "-i", CONTAINER, "ctr", "-n", "k8s.io", "images", "import", "-")
            done = subprocess.run(into, stdin=saved.stdout, capture_output=True, text=True, timeout=600, check=False)
        assert (saved.returncode, done.returncode) == (0, 0), f"{references} didn't get in: {done.stdout}{done.stderr}"

    def copy(self, source: Path, target: str) -> None:
        stack.run("docker", "cp", str(source), f"{CONTAINER}:{target}")


def _why_unready(pod: Object) -> str:
    status = pod["status"]
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    if status["phase"] == "Succeeded" or conditions.get("Ready", {}).get("status") == "True":
        return ""
    kinds = ("initContainerStatuses", "containerStatuses")
    states = [each["state"] for kind in kinds for each in status.get(kind, []) if not each["ready"]]
    return f"{status['phase']}: {states or [each.get('message') for each in conditions.values()]}"


@contextmanager
def empty() -> Iterator[Node]:
    """The node without an object of ours; the settings' ports of this machine lead to its published ports."""
    every = recipes.recipes()
    images.build_all({every[name].reference for name in OF_THE_NODE})
    ports = {name: settings.load()[PORT_SETTINGS[name]] for name in kubernetes_overlay.PUBLISHED}
    published = [
        f"--publish=127.0.0.1:{ports[name]}:{port}" for name, (_, _, port) in kubernetes_overlay.PUBLISHED.items()
    ]
    _remove()
    try:
        stack.run(
            *("docker", "run", "--detach", "--name", CONTAINER, "--hostname=node", "--privileged"),
            *("--cgroupns=private", "--tmpfs=/run:exec", "--tmpfs=/tmp:exec", f"--env=PAUSE_IMAGE={_full('pause')}"),
            *published,
            every["kubernetes"].reference,
        )
        node = Node()
        eventually(lambda: _is_ready(node), "the node to be ready", READY_SECONDS, interval=2)
        yield node
    finally:
        _remove()


def _full(name: str) -> str:
    return f"docker.io/{recipes.recipes()[name].reference}"


def _is_ready(node: Node) -> bool:
    running = stack.run("docker", "inspect", "--format={{.State.Running}}", CONTAINER).strip()
    assert running == "true", stack.run("docker", "logs", CONTAINER)
    conditions = [condition for each in node.get("nodes") for condition in each["status"]["conditions"]]
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _remove() -> None:
    if stack.run("docker", "ps", "--all", "--quiet", f"--filter=name=^{CONTAINER}$"):
        stack.run("docker", "rm", "--force", "--volumes", CONTAINER, timeout=120)


@contextmanager
def running() -> Iterator[Node]:
    """The node with the operator and everything of deploy/kubernetes, every pod ready."""
    beside = SecondStack(PROJECT=PROJECT, SAMPLE="on")
    wanted = {recipe.reference for recipe in kubernetes_overlay.images().values()}
    images.build_all(wanted)
    with beside.in_place_of_the_first(), TemporaryDirectory() as temporary:
        chosen = stack.loaded_settings()
        try:
            with empty() as node:
                _make(node, Path(temporary), chosen.secrets)
                node.load(*wanted, *(recipes.recipes()[name].reference for name in OF_THE_NODE[1:]))
                _set_up(node)
                eventually(node.unready, "every pod ready", 600, until=lambda found: not found, interval=5)
                yield node
        finally:
            for folder in (chosen.secrets, chosen.local):
                shutil.rmtree(folder, ignore_errors=True)


def _make(node: Node, folder: Path, secrets: Path) -> None:
    """`make kubernetes OUT=…` and the overlay, in the node's container."""
    objects = folder / "cluster"
    stack.run(sys.executable, "-m", "deploy.kubernetes.build", str(objects))
    overlay = folder / "overlay"
    overlay.mkdir()
    kubernetes_overlay.write(overlay, "../../cluster")
    bundle = overlay / "operator" / "bundle.yaml"
    made = stack.run("docker", "create", recipes.recipes()["prometheus-operator"].reference).strip()
    try:
        stack.run("docker", "cp", f"{made}:/bundle.yaml", str(bundle))
    finally:
        stack.run("docker", "rm", made)
    stack.run("docker", "exec", CONTAINER, "mkdir", CHECKOUT)
    for source, target in ((objects, "/cluster"), (overlay, "/overlay"), (secrets, f"{CHECKOUT}/secrets")):
        node.copy(source, target)


def _set_up(node: Node) -> None:
    folders = [f"{kubernetes_overlay.VOLUMES_FOLDER}/{number}" for number in range(kubernetes_overlay.VOLUMES)]
    stack.run("docker", "exec", CONTAINER, "mkdir", "-p", *folders)
    found = STEP.search((stack.ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8"))
    assert found, "docs/kubernetes.md has lost its step about namespaces and secrets"
    stack.run("docker", "exec", f"--workdir={CHECKOUT}", CONTAINER, "bash", "-euc", dedent(found[1]), timeout=120)
    node.apply("-k", "/overlay/operator")
    established = ("wait", "--for=condition=Established", "customresourcedefinitions", "--all", "--timeout=60s")
    node.kubectl(*established, timeout=90)
    node.apply("-k", "/overlay/all")
