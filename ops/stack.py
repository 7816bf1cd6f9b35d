"""`docker compose` for this checkout: the right files, settings and images, whatever the caller's environment says."""

import hashlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ops import files, named, recipes, scale_files, secrets
from ops.console import OpsError, capture, output
from ops.paths import ROOT
from ops.settings import TRACE_STORE, Settings

OWN_IMAGES = ("erp-observability/erp:", "erp-observability/sandbox:", "erp-observability/guard:")
# Where gateway/Caddyfile has each page.
BEHIND_THE_GATEWAY = {
    "GRAFANA": "",
    "PROMETHEUS": "/prometheus",
    "ALERTMANAGER": "/alertmanager",
    "BUGSINK": "/tracker",
}
# Where a tracker lists the error events that a search finds; the search itself, such as trace:…, is the end.
SEARCHES = {"BUGSINK": "/issues/all/?q=", "SENTRY": "/organizations/sentry/issues/?query="}
SOCKET = Path("/var/run/docker.sock")
ONCE = ("run", "--rm", "--no-deps", "-T")
"""Of Compose: a service's command once, in a container of its own beside what runs."""
# Folders whose files Prometheus and Alertmanager read while they run: targets, and secrets of applications.
READ_WHILE_RUNNING = ("targets", "applications")
HEALTH = re.compile(r"\((healthy|unhealthy)\)")


@dataclass
class Stack:
    """One checkout's stack. `image_source` is `official` or `local`: where its images come from.

    `is_dev`: the sample ERP runs from the working tree.
    """

    settings: Settings
    image_source: str
    root: Path = ROOT
    is_dev: bool = False

    @property
    def project(self) -> str:
        return self.settings["PROJECT"]

    @property
    def local(self) -> Path:
        return self.root / self.settings.local.relative_to(ROOT)

    def read(self, file: str) -> Path:
        """The file of the checkout, or this stack's own copy of it."""
        return self.local / Path(file).name if file in self._copied else self.root / file

    def copies(self) -> dict[str, str]:
        """The text of each file of the checkout that this stack reads a copy of."""
        texts = {file: (self.root / file).read_text(encoding="utf-8") for file in self._copied}
        if self.settings["SCALE"] == "on":
            values = {**self.settings.values, **scale_files.storage(self.settings.values)}
            texts |= {file: change(texts[file], values) for file, change in scale_files.FILES.items()}
        if not self.settings.is_first:
            texts |= {file: named.text(texts[file], self.settings) for file in named.FILES.values()}
        return texts

    @property
    def _copied(self) -> set[str]:
        named_files = () if self.settings.is_first else named.FILES.values()
        return {*named_files, *(scale_files.FILES if self.settings["SCALE"] == "on" else ())}

    @property
    def files(self) -> list[Path]:
        """The files that people write; `command` adds the stamps."""
        names = ["compose.yaml"]
        if self.image_source == "local":
            names.append("compose.offline.yaml")
        if self.settings["SCALE"] == "on":
            names.append("compose.scale.yaml")
            if self.image_source == "local":
                names.append("compose.scale.offline.yaml")
            if self.settings["STORAGE_URL"]:
                names.append("compose.scale.storage.yaml")
        if self.is_dev:
            names.append("compose.dev.yaml")
        if (self.root / "compose.override.yaml").is_file():
            names.append("compose.override.yaml")
        return [self.root / name for name in names]

    @property
    def _command(self) -> list[str]:
        files = [argument for file in self.files for argument in ("-f", str(file))]
        return ["docker", "compose", "--project-directory", str(self.root), "-p", self.project, *files]

    @cached_property
    def command(self) -> list[str]:
        """`docker compose` with every file; writes the copies of another name than the first, and the stamps."""
        for file, text in self.copies().items():
            files.update(self.read(file), text)
        services = {service: {"labels": {"erp.stamp": stamp}} for service, stamp in self._stamps().items()}
        stamps = self.local / "stamps.yaml"
        files.update(stamps, json.dumps({"services": services}, indent=1))
        return [*self._command, "-f", str(stamps)]

    @property
    def prometheus_folder(self) -> str:
        """Where Prometheus has its configuration, inside its container."""
        return f"/etc/prometheus/{self.settings['ENV']}"

    @property
    def variables(self) -> dict[str, str]:
        """What the Compose files are filled in with."""
        values = dict(self.settings.values)
        values["COMPOSE_PROFILES"] = ",".join(self.settings.profiles)
        values["SECRETS_DIR"] = str(self.settings.secrets)
        files = {*named.FILES.values(), *scale_files.FILES}
        values |= {f"{Path(file).stem.upper()}_YML": str(self.read(file)) for file in files}
        values |= scale_files.storage(values)
        values["OBSERVABILITY_NETWORK"] = self.settings.network
        # In brackets, else the colons of an address of version 6 and the port's are the same to Compose.
        binds = {"GATEWAY_BIND": values["BIND"], "BIND": self.settings.bind}
        values |= {name: f"[{address}]" if ":" in address else address for name, address in binds.items()}
        has_gateway = self.settings["GATEWAY"] == "on"
        values["BUGSINK_BEHIND_HTTPS"] = "true" if has_gateway else "false"
        if has_gateway:
            values["BUGSINK_ALLOWED_HOSTS"] += f",{self.settings['GATEWAY_HOST']}"
        values["TRACE_WHOLE"] = "true" if values["OTEL_EXPORTER_OTLP_ENDPOINT"] == TRACE_STORE else "false"
        values["DOCKER_GID"] = str(SOCKET.stat().st_gid) if SOCKET.exists() else "0"
        if self.image_source == "local":
            values |= {recipe.variable: recipe.reference for recipe in recipes.recipes().values()}
        values |= self._base_urls()
        tracker = "SENTRY" if self.has_sentry else "BUGSINK"
        values["BASE_URL_TRACKER"] = values[f"BASE_URL_{tracker}"]
        values["TRACKER_SEARCH_URL"] = values["BASE_URL_TRACKER"].rstrip("/") + SEARCHES[tracker]
        return values

    def _base_urls(self) -> dict[str, str]:
        """The default of each BASE_URL_*: at the gateway or a port. Prometheus serves the runbooks too."""
        if self.settings["GATEWAY"] == "on":
            urls = {page: f"{self.settings.gateway_url}{path}" for page, path in BEHIND_THE_GATEWAY.items()}
        else:
            pages = ("GRAFANA", "PROMETHEUS", "ALERTMANAGER", "BUGSINK")
            urls = {page: f"http://localhost:{self.settings[f'{page}_PORT']}" for page in pages}
        urls["SENTRY"] = f"http://localhost:{self.settings['SENTRY_PORT']}"  # it has no place below a path
        urls["RUNBOOKS"] = f"{urls['PROMETHEUS']}/user"
        given = self.settings.given
        return {f"BASE_URL_{page}": url for page, url in urls.items() if f"BASE_URL_{page}" not in given}

    @property
    def has_sentry(self) -> bool:
        """Whether the tracker is self-hosted Sentry: not where .env names another one."""
        return secrets.has_sentry(self.settings.secrets) and "SENTRY_DSN" not in self.settings.given

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}

    @cached_property
    def model(self) -> dict[str, Any]:
        """The merged model, as `docker compose config` gives it; raises OpsError when a file is broken."""
        return self._config()

    @cached_property
    def everything(self) -> dict[str, Any]:
        """The merged model with the services of every profile."""
        return self._config("--profile", "*")

    def _config(self, *options: str) -> dict[str, Any]:
        """Without the stamps: who only looks writes nothing that this checkout's stack reads."""
        found = capture(["env", *self._assignments, *self._command, *options, "config", "--format", "json"])
        if found.returncode != 0:
            names = ", ".join(file.name for file in self.files)
            raise OpsError(
                f"Compose refuses {names}: {found.stderr.strip() or 'no reason given'}. Correct the file that it names "
                "(compose.override.yaml is the one of your own) and run the same command again."
            )
        model: dict[str, Any] = json.loads(found.stdout)
        return model

    @property
    def one_shots(self) -> set[str]:
        """The services that run to their end; every other one runs on."""
        return {name for name, definition in self.model["services"].items() if definition.get("restart") == "no"}

    def replicas(self, service: str) -> list[str]:
        """The services that are this one: with SCALE=on `loki`, `loki-2` and `loki-3`, else the one alone."""
        return sorted(name for name in self.model["services"] if re.fullmatch(rf"{service}(-[0-9])?", name))

    @property
    def _assignments(self) -> list[str]:
        return [f"{name}={value}" for name, value in self.variables.items()]

    def _stamps(self) -> dict[str, str]:
        """A stamp per service that changes with the files mounted into it, so that `up` recreates what needs it."""
        stamps = {}
        for service, definition in self.model["services"].items():
            sha = hashlib.sha256()
            for mount in definition.get("volumes", []):
                source = Path(mount.get("source", ""))
                if mount["type"] == "bind" and ROOT in source.parents and source.name not in READ_WHILE_RUNNING:
                    for path in [source, *sorted(source.rglob("*"))] if source.is_dir() else [source]:
                        if path.is_file():
                            sha.update(str(path).encode() + path.read_bytes())
            for secret in definition.get("secrets", []):
                file = Path(self.model["secrets"][secret["source"]]["file"])
                if file.is_file():
                    sha.update(f"{secret['source']} {file.stat().st_mtime_ns}".encode())
            stamps[service] = sha.hexdigest()[:12]
        # A service and its replicas (SERVICE-2) read what the renderer (SERVICE-config) wrote: they have its stamp too.
        renderers = {service: re.sub(r"(-[0-9])?$", "-config", service, count=1) for service in stamps}
        return {service: stamps[service] + stamps.get(renderers[service], "") for service in stamps}

    def attempt(
        self, *arguments: str, timeout: float = 120, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One compose command, whatever its exit status."""
        return capture(["env", *self._assignments, *self.command, *arguments], timeout=timeout, stdin=stdin)

    def compose(self, *arguments: str, timeout: float = 120) -> str:
        """Output of one compose command; raises OpsError when it fails."""
        done = self.attempt(*arguments, timeout=timeout)
        if done.returncode != 0:
            raise OpsError(f"`docker compose {' '.join(arguments)}` failed: {done.stderr.strip()}")
        return done.stdout

    def replace_process(self, *arguments: str) -> None:
        """Become `docker compose ARGUMENTS`, for what streams or asks."""
        os.execvpe("docker", [*self.command, *arguments], self.environment)  # noqa: S606

    @property
    def official_images(self) -> list[str]:
        """Official images that somebody else builds, those of the sandbox and the sample only where they run."""
        official = Stack(self.settings, "official")
        found = {
            definition["image"]
            for name, definition in official.model["services"].items()
            if name not in self.settings.absent
        }
        return sorted(image for image in found if not image.startswith(OWN_IMAGES))

    def containers(self) -> list[dict[str, str]]:
        """Every container of the project: Service, State, Status, Name, Health (empty while it starts)."""
        columns = ("Service", "State", "Status", "Name")
        row = '{{.Label "com.docker.compose.service"}}\t{{.State}}\t{{.Status}}\t{{.Names}}'
        listed = output(["docker", "ps", "--all", "--filter", of_project(self.project), "--format", row])
        found = [dict(zip(columns, line.split("\t"), strict=True)) for line in sorted(listed.splitlines())]
        return [{**each, "Health": "".join(HEALTH.findall(each["Status"]))} for each in found]

    def running_images(self) -> dict[str, str]:
        """The image that each service's running container was made of, as it was named then."""
        row = '{{.Label "com.docker.compose.service"}}\t{{.Image}}'
        listed = output(["docker", "ps", "--filter", of_project(self.project), "--format", row])
        return dict(line.split("\t") for line in sorted(listed.splitlines()))

    def running(self) -> set[str]:
        """The services of which a container runs."""
        return {each["Service"] for each in self.containers() if each["State"] == "running"}


def refuse_scaled(stack: Stack, command: str, instead: str = "keep the object storage by its own means") -> None:
    """Raises OpsError where the stack has engines that the command doesn't know; `instead` says what to do."""
    if stack.settings["SCALE"] == "on":
        raise OpsError(
            f"`make {command}` knows the engines of one machine, and SCALE=on has others (docs/scale.md). Nothing was "
            f"done: {instead}."
        )


def of_project(project: str) -> str:
    """Docker's filter for the containers, volumes and networks of a Compose project."""
    return f"label=com.docker.compose.project={project}"


def has_ended_badly(container: dict[str, str], one_shots: set[str]) -> bool:
    """Whether it has exited, but for a one-shot with status 0."""
    ended_well = container["Service"] in one_shots and "Exited (0)" in container["Status"]
    return container["State"] == "exited" and not ended_well


def folders_of(project: str) -> set[str]:
    """The folders that the containers of a Compose project were started from."""
    form = '{{.Label "com.docker.compose.project.working_dir"}}'
    listed = output(["docker", "ps", "--all", "--filter", of_project(project), "--format", form])
    return set(listed.splitlines()) - {""}


def foreign_folder(settings: Settings) -> str:
    """The folder of another clone that the project's containers were started from; empty where it is this one."""
    return next(iter(sorted(folders_of(settings["PROJECT"]) - {str(ROOT)})), "")
