"""Another host, as far as one engine can be two: an agent in a checkout of its own, whose one way out is a port.

The way is an internal network; on it is a forwarder, which has the gateway's name and passes the gateway's port on. The
central side is a few of the stack's services, apart from the stack.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ops import application, secrets
from ops.paths import DECISION, ROOT
from ops.settings import Settings
from tests.support import apart, own_application, stack
from tests.support.apart import Apart
from tests.support.loki import Loki
from tests.support.own_application import ENV, SERVICE, OwnApplication
from tests.support.ports import free_port
from tests.support.prometheus import Prometheus
from tests.support.repository import copy_files
from tests.support.wait import eventually

HOST, PROJECT, APPLICATION = "web-2", "other-host", "kiosk"
CENTRAL = "erp-agent-test"
SERVICES = ("gateway", "gateway-guard", "prometheus", "loki", "promtail", "socket-proxy", "logkeeper")
OVERLAY = "services:\n" + "".join(f"  {name}: {{labels: !reset null}}\n" for name in SERVICES)
WAY, FORWARDER, GATEWAY, PORT = "other-host-way", "other-host-forwarder", "gateway", 8443
ROOT_CERTIFICATE = "/data/caddy/pki/authorities/local/root.crt"
FORWARD = f"""
defaults
  mode tcp
  timeout connect 2s
  timeout client 1m
  timeout server 1m
frontend way
  bind :{PORT}
  default_backend gateway
backend gateway
  server gateway {CENTRAL}-gateway-1:{PORT}
"""
OVERRIDE = {"networks": {"egress": {"external": True, "name": WAY}}}
VOLUMES = ("prometheus-agent-data", "promtail-positions", "backup-metrics")
CONNECT = "exec 3<>/dev/tcp/{host}/{port}"
POSITIONS = "/tmp/positions.yaml"  # noqa: S108 - in Promtail's volume
# Promtail begins a minute before what it has noted.
SKIP = r"""sed -i -E "s/(cursor-{id}: \")[0-9]+/\1$(($(date +%s) + 60))/" {file} && grep -q cursor-{id} {file}"""


class Central:
    """What the agent pushes to."""

    def __init__(self, project: Apart, settings: dict[str, str]) -> None:
        self.project = project
        self.settings = settings
        self.prometheus = Prometheus(f"http://127.0.0.1:{settings['PROMETHEUS_PORT']}")
        self.loki = Loki(f"http://127.0.0.1:{settings['LOKI_PORT']}")

    def applications(self) -> str:
        """What `make applications` prints, whatever it finds missing of the stack, which isn't here."""
        port = f"PROMETHEUS_PORT={self.settings['PROMETHEUS_PORT']}"
        command = ["env", port, sys.executable, "-m", "ops", "applications"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False).stdout


class OtherHost:
    def __init__(self, central: Central, application: OwnApplication, agent_seconds: float) -> None:
        """`agent_seconds` is what `make agent` took, until the central side had its first figures."""
        self.central = central
        self.application = application
        self.agent_seconds = agent_seconds

    def reaches(self, host: str, port: int) -> bool:
        """Whether Promtail, which pushes, gets a connection."""
        asked = ("timeout", "3", "bash", "-c", CONNECT.format(host=host, port=port))
        try:
            stack.run("docker", "exec", container("promtail"), *asked)
        except stack.CommandError:
            return False
        return True

    def kill(self, service: str) -> None:
        """With signal 9, and start it again."""
        stack.run("docker", "kill", "--signal", "KILL", container(service))
        stack.run("docker", "start", container(service))

    def has_noted(self, identity: str) -> bool:
        """Whether Promtail has noted how far it has read a container's lines."""
        return f"cursor-{identity}:" in stack.run("docker", "exec", container("promtail"), "cat", POSITIONS)

    @contextmanager
    def unread(self, identity: str) -> Iterator[None]:
        """Promtail is killed, and started again behind what the container, of this id, has written meanwhile."""
        promtail = container("promtail")
        stack.run("docker", "kill", "--signal", "KILL", promtail)
        try:
            yield
            image = stack.run("docker", "inspect", "--format", "{{.Config.Image}}", promtail).strip()
            begun = time.time()
            eventually(time.time, "another second", 5, until=lambda now: now > begun + 2)
            given = ("--rm", "--network=none", "--user=10001:10001", "--volumes-from", promtail, "--entrypoint=bash")
            stack.run("docker", "run", *given, image, "-c", SKIP.format(id=identity, file=POSITIONS))
        finally:
            stack.run("docker", "start", promtail)


def container(service: str) -> str:
    return f"{PROJECT}-agent-{service}-1"


def join() -> None:
    stack.run("docker", "network", "connect", "--alias", GATEWAY, WAY, FORWARDER)


def cut() -> None:
    stack.run("docker", "network", "disconnect", WAY, FORWARDER)


def authority_of_the_gateway(compose: Callable[..., str], folder: Path) -> Path:
    """The certificate that the gateway's own authority signs with, as `folder`/root.crt."""
    file = folder / "root.crt"
    file.write_text(compose("exec", "-T", GATEWAY, "cat", ROOT_CERTIFICATE), encoding="utf-8")
    return file


@contextmanager
def central(folder: Path) -> Iterator[Central]:
    """With a token for the host in `folder`/token, the password of a user in viewer, and the authority in root.crt."""
    kept = Path(shutil.copytree(stack.loaded_settings().secrets, folder / "secrets"))
    names = ("GATEWAY_PORT", "PROMETHEUS_PORT", "LOKI_PORT")
    settings = {name: str(free_port()) for name in names}
    settings |= {"PROJECT": CENTRAL, "PORT_OFFSET": "0", "GATEWAY": "on", "SECRETS_DIR": str(kept)}
    (kept / "gateway_agents").unlink(missing_ok=True)
    secrets.ensure(stack.loaded_settings(), kept)
    for made in (("agent-token", HOST, APPLICATION, "token"), ("gateway-user", "viewer", "viewer", "viewer")):
        *command, file = made
        stack.run(sys.executable, "-m", "ops", *command, str(folder / file), env=settings)
    with apart.running(CENTRAL, OVERLAY, *SERVICES, ports=settings) as project:
        authority_of_the_gateway(project.compose, folder)
        yield Central(project, settings)


@contextmanager
def _way(folder: Path) -> Iterator[None]:
    model = json.loads(stack.compose("config", "--format", "json"))
    file = folder / "forwarder.cfg"
    file.write_text(FORWARD, encoding="utf-8")
    given = ("--user", "65534:65534", "--memory", "64m", "--network", f"{CENTRAL}_published", "--name", FORWARDER)
    mounted = ("--volume", f"{file}:/etc/forwarder.cfg:ro", "--entrypoint", "haproxy")
    image = model["services"]["socket-proxy"]["image"]
    try:
        stack.run("docker", "network", "create", "--internal", WAY)
        stack.run("docker", "run", "--detach", *given, *mounted, image, "-db", "-f", "/etc/forwarder.cfg")
        join()
        yield
    finally:
        stack.run("docker", "rm", "--force", FORWARDER)
        stack.run("docker", "network", "rm", WAY)


@contextmanager
def running(folder: Path) -> Iterator[OtherHost]:
    """An agent with a small Django application beside it, and what it pushes to."""
    checkout = folder / "checkout"
    copy_files(checkout)
    (checkout / DECISION.relative_to(ROOT)).parent.mkdir()
    if DECISION.is_file():
        shutil.copy2(DECISION, checkout / DECISION.relative_to(ROOT))
    (checkout / ".env").write_text(f"PROJECT={PROJECT}\n", encoding="utf-8")
    (checkout / "compose.agent.override.yaml").write_text(json.dumps(OVERRIDE), encoding="utf-8")
    files = (f"TOKEN_FILE={folder / 'token'}", f"CA_FILE={folder / 'root.crt'}")
    given = (f"CENTRAL=https://{GATEWAY}:{PORT}", *files, f"HOST={HOST}", f"APPLICATIONS={APPLICATION}")
    with central(folder) as side, _way(folder):
        try:
            begun = time.monotonic()
            stack.run("make", "-C", str(checkout), "agent", *given, timeout=300)
            seconds = time.monotonic() - begun
            with own_application.beside(folder, _lines(checkout), f"{PROJECT}-{APPLICATION}") as started:
                eventually(started.answers, "the application to answer", 30)
                yield OtherHost(side, started, seconds)
        finally:
            stack.run("make", "-C", str(checkout), "agent-down", timeout=120)
            stack.run("docker", "volume", "rm", "--force", *(f"{PROJECT}-agent_{name}" for name in VOLUMES))


def _lines(checkout: Path) -> str:
    """What `make application` prints for it, with a tracker that can't be reached from here."""
    settings = Settings({**stack.loaded_settings().values, "PROJECT": PROJECT}, {})
    kept = checkout / f"secrets-{PROJECT}"
    (kept / "dsn").write_text("http://key@tracker.example/1", encoding="utf-8")
    lines = application.lines(APPLICATION, ENV, SERVICE, "8000", str(kept), "dsn", settings=settings)
    return lines.replace(f"{APPLICATION}.wsgi", own_application.WSGI_MODULE)
