"""The services of the Compose files, and what these don't say: which has no metrics, which may write no line."""

import re

from ops.paths import ROOT
from tests.support.compose_model import OFFLINE, services

# By the reason.
NOT_SCRAPED = {
    "erp-db": "postgres-exporter and a probe speak for it",
    "erp-redis": "redis-exporter and a probe speak for it",
    "bugsink": "it has no metrics; a probe speaks for it",
}
QUIET = dict.fromkeys(("loki", "jaeger"), "it logs warnings only, and may have none")

# These run to their end at start: never scraped, and gone before Promtail's next look for containers, every 5 s.
ONE_SHOTS = {name for name, service in services().items() if service["restart"] == "no"}
SANDBOX = set(services(ROOT / "sandbox" / "compose.yaml"))
REGISTRY_ONLY = {
    name for name, service in services(OFFLINE).items() if "needs-a-registry" in service.get("profiles", [])
}
SCRAPED = [name for name in services() if name not in ONE_SHOTS | NOT_SCRAPED.keys()]
SPEAKING = [name for name in services() if name not in ONE_SHOTS | QUIET.keys()]
# The setting of each published port, by service.
PORT_SETTINGS = {
    name: setting
    for name, service in services().items()
    for port in service.get("ports", [])
    for setting in re.findall(r"\$\{(\w+_PORT)", port)
}
