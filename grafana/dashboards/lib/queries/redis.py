"""The brokers and caches of an application, which speak the Redis protocol, as their exporters report them."""

from grafana.dashboards.lib.queries.common import APPLICATION, BY_SERVICE, rate_by, total

_USED, _MOST = (f"redis_memory_{of}_bytes{{{APPLICATION}}}" for of in ("used", "max"))
MEMORY = f"max by ({BY_SERVICE}) ({_USED} / ({_MOST} > 0))"
CLIENTS = f"max by ({BY_SERVICE}) (redis_connected_clients{{{APPLICATION}}})"
COMMANDS = rate_by(BY_SERVICE, "redis_commands_processed_total", APPLICATION)
LOST = {
    "evicted keys": total("redis_evicted_keys_total", APPLICATION, per=" * 60"),
    "rejected connections": total("redis_rejected_connections_total", APPLICATION, per=" * 60"),
}
