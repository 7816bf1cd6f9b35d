"""`make agent`: watch a host without the stack; its figures and lines are pushed to the central side."""

import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from ops import agent_files, engine, image_source, named, secrets
from ops.agent_files import PROMETHEUS, Central
from ops.console import OpsError, capture, output, say, step
from ops.gateway import HOST
from ops.settings import ENVIRONMENTS, Settings
from ops.settings import load as load_settings
from ops.stack import Stack
from ops.start import start
from ops.wait import attempts

PUSHED_WITHIN_SECONDS = 60.0
# A target that is taken away ends its series two scrapes later.
GOODBYE_SECONDS = 25.0
ADDRESS = re.compile(r"https://[^/\s]+")
PROMETHEUS_YML, PROMTAIL_YML = named.FILES["prometheus"], named.FILES["promtail"]
MONITORING_YML = "prometheus/monitoring.yml"
LEAVING_YML = "prometheus/prometheus.leaving.yml"
FILES = (PROMETHEUS_YML, PROMTAIL_YML, MONITORING_YML)
PUSHED = re.compile(r"^prometheus_remote_storage_bytes_total\{.*\} (\S+)$", re.MULTILINE)
REFUSED = re.compile(r"HTTP status (\d+)")
HINTS = {
    "": "Its gateway has to answer there, with a certificate of the authority in CA_FILE.",
    "401": "It doesn't know the token: `make agent-token` there makes one.",
    "403": "HOST and APPLICATIONS have to be those that the token was made for.",
}


@dataclass(kw_only=True)
class Agent(Stack):
    """The services of compose.agent.yaml, which read copies of the stack's files."""

    central: Central

    @property
    def project(self) -> str:
        return project(self.settings)

    @property
    def local(self) -> Path:
        return super().local / "agent"

    @property
    def files(self) -> list[Path]:
        names = ["compose.agent.yaml"]
        if self.image_source == "local":
            names.append("compose.agent.offline.yaml")
        if (self.root / "compose.agent.override.yaml").is_file():
            names.append("compose.agent.override.yaml")
        return [self.root / name for name in names]

    def read(self, file: str) -> Path:
        return self.local / Path(file).name

    def copies(self) -> dict[str, str]:
        originals = {file: (self.root / file).read_text(encoding="utf-8") for file in FILES}
        if not self.settings.is_first:
            originals = {file: named.text(text, self.settings) for file, text in originals.items()}
        return {
            PROMETHEUS_YML: self.central.prometheus(originals[PROMETHEUS_YML]),
            PROMTAIL_YML: self.central.promtail(originals[PROMTAIL_YML]),
            LEAVING_YML: self.central.leaving(originals[PROMETHEUS_YML]),
            MONITORING_YML: agent_files.monitoring(originals[MONITORING_YML]),
        }

    @property
    def variables(self) -> dict[str, str]:
        own = {"MONITORING_YML": str(self.read(MONITORING_YML)), "AGENT_APPLICATIONS": ",".join(self.central.sent)}
        return {**super().variables, **own}


def project(settings: Settings) -> str:
    """The name of its Compose project: that of a stack on the same engine, and more."""
    return f"{settings['PROJECT']}-agent"


def agent(url: str = "", token: str = "", ca: str = "", host: str = "", applications: str = "", env: str = "") -> None:
    """Raises OpsError with a sentence for the first thing that is missing or refused."""
    central = _central(url, host, applications, has_ca=bool(ca))
    files = {"agent_token": _token(token), "agent_ca": _certificates(ca) if ca else ""}
    engine.ensure()
    settings = load_settings()
    settings.values["ENV"] = _environment(env)
    chosen = Agent(settings, image_source.decide(settings), central=central)
    _keep(files, settings)
    image_source.provide_some(chosen, chosen.model["services"].values())
    start(chosen)
    with step(f"Waiting for {central.url} to take the first figures"):
        _await_push(chosen)
    say(
        f"\n{central.host} is watched: `make applications` at the central side lists what is seen. Containers here "
        f"join the network {settings.network}; the token that their metrics are asked with is "
        f"{settings.secrets / 'metrics_token'} (docs/agents.md)."
    )


def agent_down() -> None:
    settings = load_settings()
    with step("Stopping the agent"):
        _say_goodbye(settings)
        output(["docker", "compose", "-p", project(settings), "down", "--remove-orphans"], timeout=300)
    say("What it hasn't pushed yet stays for the next `make agent`.")


def _say_goodbye(settings: Settings) -> None:
    """Have the series end and the last `up` be 0, so that AgentGone doesn't miss the host."""
    file = settings.local / "agent" / Path(PROMETHEUS_YML).name
    goodbye = file.with_suffix(".leaving.yml")
    name = f"{project(settings)}-{PROMETHEUS}-1"
    if goodbye.is_file() and capture(["docker", "exec", name, "true"]).returncode == 0:
        file.write_bytes(goodbye.read_bytes())  # in its place: the container has this very file
        output(["docker", "kill", "--signal", "HUP", name])
        time.sleep(GOODBYE_SECONDS)


def _central(url: str, host: str, applications: str, *, has_ca: bool) -> Central:
    if not ADDRESS.fullmatch(url):
        raise OpsError(
            f"CENTRAL={url!r} isn't the central side's address; expected that of its gateway, such as "
            "CENTRAL=https://monitoring.example:8443."
        )
    name = host or socket.gethostname().lower()
    if not HOST.fullmatch(name):
        raise OpsError(
            f"HOST={name!r} can't be a host's name; expected small letters, digits, dots and hyphens, such as "
            "HOST=web-2. It has to be the one that the token was made for."
        )
    wanted = tuple(applications.replace(",", " ").split())
    if bad := [each for each in wanted if not HOST.fullmatch(each)]:
        raise OpsError(f"APPLICATIONS={applications!r}: {bad[0]!r} is no name; expected such as APPLICATIONS=shop,crm.")
    return Central(url, name, wanted, has_ca)


def _environment(env: str) -> str:
    if env not in ("", *ENVIRONMENTS):
        raise OpsError(f"IN_ENV={env!r}: expected one of {', '.join(ENVIRONMENTS)}.")
    return env or "production"


def _token(file: str) -> str:
    text = _text(file, "TOKEN_FILE", "the file with the token that `make agent-token` at the central side made").strip()
    if not re.fullmatch(r"\S+", text):
        found = "several words" if text else "nothing"
        raise OpsError(f"TOKEN_FILE={file} holds {found}; expected the token alone, as `make agent-token` wrote it.")
    return text


def _certificates(file: str) -> str:
    text = _text(file, "CA_FILE", "the certificate of the authority that signed the gateway's").strip()
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise OpsError(f"CA_FILE={file} holds no certificate; expected PEM: -----BEGIN CERTIFICATE----- and so on.")
    return text


def _text(file: str, name: str, meaning: str) -> str:
    try:
        return Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OpsError(f"{name}={file!r} can't be read ({error.__class__.__name__}); expected {meaning}.") from None


def _keep(files: dict[str, str], settings: Settings) -> None:
    """The secrets of the agent, and the token for the metrics of applications, which is made once."""
    folder = settings.secrets
    folder.mkdir(mode=secrets.DIRECTORY_MODE, parents=True, exist_ok=True)
    metrics = secrets.GENERATED["metrics_token"].make
    if metrics and not (folder / "metrics_token").exists():
        files = {**files, "metrics_token": metrics()}
    for name, value in files.items():
        secrets.update(name, value, folder)


def _await_push(chosen: Agent) -> None:
    """Until the central side has taken something; raises OpsError with what it answers instead."""
    for _ in attempts(PUSHED_WITHIN_SECONDS, 1):
        asked = ("exec", "-T", PROMETHEUS, "wget", "-q", "-O", "-", "http://127.0.0.1:9090/metrics")
        if any(float(value) > 0 for value in PUSHED.findall(chosen.attempt(*asked).stdout)):
            return
    said = [line for line in chosen.compose("logs", "--no-log-prefix", PROMETHEUS).splitlines() if "err=" in line]
    status = "".join(REFUSED.findall(said[-1])[:1]) if said else ""
    raise OpsError(
        f"{chosen.central.url} has taken no figures for {PUSHED_WITHIN_SECONDS:.0f} s: "
        f"{said[-1].partition('err=')[2] if said else 'it gives no reason'}. "
        f"{HINTS.get(status, '')} "
        "The agent runs on, and goes on trying; `make agent-down` stops it."
    )
