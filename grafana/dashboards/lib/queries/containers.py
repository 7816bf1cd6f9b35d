"""What containers use, by the service that they run. A new labelled service appears by itself.

`services` is a regular expression, such as the board's `$job`.
"""

from grafana.dashboards.lib.queries.common import RATE, rate_by

CORES = 'on () group_left () count(node_cpu_seconds_total{mode="idle"})'


def cpu(services: str) -> str:
    """The share of all cores, as ErpContainerCpu counts it."""
    labels = f'cpu="cpu-total",service=~"{services}"'
    return f"max by (service) (rate(docker_container_cpu_usage_total{{{labels}}}{RATE})) / 1e9 / {CORES}"


def cpu_cores(services: str) -> str:
    """How many cores all of them keep busy."""
    labels = f'cpu="cpu-total",service=~"{services}"'
    return f"sum(rate(docker_container_cpu_usage_total{{{labels}}}{RATE})) / 1e9"


def memory(services: str) -> str:
    return f'sum by (service) (docker_container_mem_usage{{service=~"{services}"}})'


def memory_share(services: str) -> str:
    """Of the container's limit; one without a limit isn't there."""
    return f'service:container_memory:ratio{{service=~"{services}"}}'


def network(services: str) -> dict[str, str]:
    return _bytes(services, receives="net_rx_bytes", sends="net_tx_bytes")


def disk(services: str) -> dict[str, str]:
    kind = "blkio_io_service_bytes_recursive"
    return _bytes(services, reads=f"{kind}_read", writes=f"{kind}_write")


def _bytes(services: str, **metrics: str) -> dict[str, str]:
    return {
        f"{{{{service}}}} {does}": rate_by("service", f"docker_container_{metric}", f'service=~"{services}"')
        for does, metric in metrics.items()
    }


def starts(services: str) -> str:
    """How often the container was started in the last 15 minutes, as ErpRestartLoop counts it."""
    return f'max by (service) (changes(docker_container_status_started_at{{service=~"{services}"}}[15m]))'
