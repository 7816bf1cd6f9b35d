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


def received(services: str) -> str:
    return rate_by("service", "docker_container_net_rx_bytes", f'service=~"{services}"')


def sent(services: str) -> str:
    return rate_by("service", "docker_container_net_tx_bytes", f'service=~"{services}"')


def block_read(services: str) -> str:
    return rate_by("service", "docker_container_blkio_io_service_bytes_recursive_read", f'service=~"{services}"')


def block_written(services: str) -> str:
    return rate_by("service", "docker_container_blkio_io_service_bytes_recursive_write", f'service=~"{services}"')


def starts(services: str) -> str:
    """How often the container was started in the last 15 minutes, as ErpRestartLoop counts it."""
    return f'max by (service) (changes(docker_container_status_started_at{{service=~"{services}"}}[15m]))'
