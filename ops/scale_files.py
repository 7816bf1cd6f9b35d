"""What the engines of SCALE=on read: the files of the stack on one machine, changed where several replicas differ."""

import yaml

REPLICAS = {"prometheus": 2, "alertmanager": 3, "loki": 3}
THANOS = (
    *("thanos-sidecar", "thanos-sidecar-2", "thanos-query", "thanos-store", "thanos-compact"),
    *(f"thanos-{name}-{number}" for name, numbers in (("receive", 3), ("rule", 2)) for number in range(1, numbers + 1)),
)
THANOS_PORT = 10902
PUSH = "http://thanos-receive:19291/api/v1/receive"
STORAGE = "storage:8333"
STORAGE_METRICS = "storage:9327"
QUERY_GATEWAY = "query-gateway:9180"
LOKI_GRPC = 9095


def prometheus(original: str) -> str:
    """From prometheus/prometheus.yml, one that asks and keeps: what it asks for is judged by Thanos' rulers."""
    config = yaml.safe_load(original)
    config["global"]["external_labels"]["replica"] = "${REPLICA}"
    # All Prometheus of this stack are one service, and so are all Loki.
    for job in config["scrape_configs"]:
        for step in job.get("relabel_configs", []):
            if step.get("regex") == "(.+):.+" and step.get("target_label") == "service":
                step["regex"] = "(.+?)(?:-[0-9])?:.+"
    del config["rule_files"], config["alerting"]
    return yaml.safe_dump(config, sort_keys=False, width=120)


def monitoring(original: str) -> str:
    """From prometheus/monitoring.yml, each replica in the place of the one, and what is there more."""
    groups = yaml.safe_load(original)
    for group in groups:
        group["targets"] = [each for target in group["targets"] for each in _replicas(target)]
    groups.append({"targets": [STORAGE_METRICS, QUERY_GATEWAY, *(f"{name}:{THANOS_PORT}" for name in THANOS)]})
    return yaml.safe_dump(groups, sort_keys=False)


def _replicas(target: str) -> list[str]:
    name, _, port = target.partition(":")
    # By the name of each alone: the one of the service is that of all.
    return [f"{name}-{number}:{port}" for number in range(1, REPLICAS.get(name, 0) + 1)] or [target]


def loki(original: str) -> str:
    """From loki/loki.yml, three that share a ring and the storage."""
    config = yaml.safe_load(original)
    members = ["loki-1", "loki-2", "loki-3"]
    del config["server"]["grpc_listen_address"]
    config["memberlist"] = {"join_members": [f"{name}:7946" for name in members], "rejoin_interval": "10s"}
    config["common"] = {
        "path_prefix": config["common"]["path_prefix"],
        "replication_factor": len(members),
        "compactor_grpc_address": f"loki-1:{LOKI_GRPC}",
        "ring": {"kvstore": {"store": "memberlist"}},
        "storage": {
            "s3": {
                "endpoint": STORAGE,
                "bucketnames": "logs",
                "s3forcepathstyle": True,
                "insecure": True,
                "region": "us-east-1",
            }
        },
    }
    for period in config["schema_config"]["configs"]:
        period["object_store"] = "s3"
    config["compactor"]["delete_request_store"] = "s3"
    config["ruler"] |= {"enable_sharding": True, "ring": {"kvstore": {"store": "memberlist"}}}
    # One that gets an alert tells the others what was sent, and not the alert.
    config["ruler"]["alertmanager_url"] = ",".join(f"http://alertmanager-{number}:9093" for number in (1, 2, 3))
    config["ruler"]["remote_write"]["client"]["url"] = PUSH
    return yaml.safe_dump(config, sort_keys=False, width=120)


def data_sources(original: str) -> str:
    """From grafana/provisioning/datasources/metrics.yml: boards ask Thanos under the same uid."""
    return original.replace("http://prometheus:9090", f"http://thanos-query:{THANOS_PORT}")


FILES = {
    "prometheus/prometheus.yml": prometheus,
    "prometheus/monitoring.yml": monitoring,
    "loki/loki.yml": loki,
    "grafana/provisioning/datasources/metrics.yml": data_sources,
}
