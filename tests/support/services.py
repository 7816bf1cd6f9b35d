"""One row per service: where it may be reached, who scrapes it, whether it logs and runs on.

Adding a service means adding a row here; the static and end-to-end tests take their cases from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    ERP = "the application and its stores"
    MONITORING = "what watches it"
    SANDBOX = "what exists only to try the stack"


@dataclass(frozen=True, kw_only=True)
class Service:
    role: Role
    networks: frozenset[str]
    port_setting: str = ""  # the .env setting of its published port; empty: not published
    not_scraped: str = ""  # why Prometheus has no job of its name; empty: it has
    quiet: str = ""  # why it may write no log line at all; empty: it writes some
    one_shot: bool = False  # runs to its end at start
    profile: str = ""  # the Compose profile that it is part of; empty: it always runs
    registry_only: bool = False  # absent where no container registry answers


def _service(role: Role, networks: str, **more: str | bool) -> Service:
    if role is Role.SANDBOX:
        more = {"profile": "sandbox", **more}
    return Service(role=role, networks=frozenset(networks.split()), **more)  # type: ignore[arg-type]


ERP, MONITORING, SANDBOX = Role.ERP, Role.MONITORING, Role.SANDBOX
ENDS: dict[str, str | bool] = {
    "one_shot": True,
    "not_scraped": "it runs to its end at start",
    "quiet": "it may end before Promtail's next look for containers, every 5 s; `make logs` has its lines",
}

SERVICES: dict[str, Service] = {
    "erp-web": _service(ERP, "published erp monitoring egress", port_setting="ERP_PORT"),
    "erp-worker": _service(ERP, "erp monitoring egress"),
    "erp-beat": _service(ERP, "erp monitoring"),
    "erp-migrate": _service(ERP, "erp", **ENDS),
    "erp-db": _service(ERP, "erp", not_scraped="postgres-exporter and a probe speak for it"),
    "erp-redis": _service(ERP, "erp", not_scraped="redis-exporter and a probe speak for it"),
    "postgres-exporter": _service(MONITORING, "erp monitoring"),
    "redis-exporter": _service(MONITORING, "erp monitoring"),
    "blackbox": _service(MONITORING, "erp monitoring"),
    "node": _service(MONITORING, "monitoring"),
    "telegraf": _service(MONITORING, "docker-api monitoring"),
    "prometheus": _service(MONITORING, "published monitoring", port_setting="PROMETHEUS_PORT"),
    "alertmanager-config": _service(MONITORING, "", **ENDS),
    "alertmanager": _service(MONITORING, "published monitoring egress", port_setting="ALERTMANAGER_PORT"),
    "loki": _service(
        MONITORING, "published monitoring", port_setting="LOKI_PORT", quiet="it logs warnings only, and may have none"
    ),
    "socket-proxy": _service(MONITORING, "docker-api monitoring"),
    "promtail": _service(MONITORING, "docker-api monitoring"),
    "grafana": _service(MONITORING, "published monitoring", port_setting="GRAFANA_PORT"),
    "grafana-operator": _service(MONITORING, "monitoring", registry_only=True, **ENDS),
    "jaeger": _service(MONITORING, "monitoring", profile="tracing", quiet="it logs warnings only, and may have none"),
    "bugsink": _service(
        MONITORING,
        "published erp monitoring",
        port_setting="BUGSINK_PORT",
        not_scraped="it has no metrics; a probe speaks for it",
    ),
    "bugsink-setup": _service(MONITORING, "", **ENDS),
    "partner": _service(SANDBOX, "erp monitoring"),
    "inbox": _service(SANDBOX, "published monitoring", port_setting="INBOX_PORT"),
    "traffic": _service(SANDBOX, "erp monitoring"),
    "mailpit": _service(SANDBOX, "published monitoring", port_setting="MAILPIT_PORT"),
}
