"""What containers use, by the service that they run. A new labelled service appears by itself.

`chosen` are the matchers of the containers, such as the board's choice of services.
"""

from grafana.dashboards.lib.queries.common import BY_SERVICE, RATE, rate_by

# Of the machine whose containers Telegraf reads; those of other machines have another service or application.
CORES = 'on () group_left () count(node_cpu_seconds_total{application="monitoring",service="node",mode="idle"})'


def cpu(chosen: str) -> str:
    """The share of all cores, as ContainerCpu counts it."""
    labels = f'cpu="cpu-total",{chosen}'
    return f"max by ({BY_SERVICE}) (rate(docker_container_cpu_usage_total{{{labels}}}{RATE})) / 1e9 / {CORES}"


def cpu_cores(chosen: str) -> str:
    """How many cores all of them keep busy."""
    labels = f'cpu="cpu-total",{chosen}'
    return f"sum(rate(docker_container_cpu_usage_total{{{labels}}}{RATE})) / 1e9"


def memory(chosen: str) -> str:
    return f"sum by ({BY_SERVICE}) (docker_container_mem_usage{{{chosen}}})"


def memory_share(chosen: str) -> str:
    """Of the container's limit; one without a limit isn't there."""
    return f"service:container_memory:ratio{{{chosen}}}"


def network(chosen: str) -> dict[str, str]:
    return _bytes(chosen, receives="net_rx_bytes", sends="net_tx_bytes")


def disk(chosen: str) -> dict[str, str]:
    kind = "blkio_io_service_bytes_recursive"
    return _bytes(chosen, reads=f"{kind}_read", writes=f"{kind}_write")


def _bytes(chosen: str, **metrics: str) -> dict[str, str]:
    return {
        f"{{{{application}}}} {{{{service}}}} {does}": rate_by(BY_SERVICE, f"docker_container_{metric}", chosen)
        for does, metric in metrics.items()
    }


def starts(chosen: str) -> str:
    """How often the container was started in the last 15 minutes, as ContainerRestartLoop counts it."""
    return f"max by ({BY_SERVICE}) (changes(docker_container_status_started_at{{{chosen}}}[15m]))"
