"""What the engines of SCALE=on read: the files of the stack on one machine, changed where several replicas differ.

Each function has the file's text and the settings, STORAGE_* as `storage` completes them.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from ops.console import OpsError

Values = Mapping[str, str]

REPLICAS = {"prometheus": 2, "alertmanager": 3, "loki": 3}
THANOS = (
    *("thanos-sidecar", "thanos-sidecar-2", "thanos-store", "thanos-compact"),
    *(f"thanos-receive-{number}" for number in (1, 2, 3)),
    *(f"thanos-{name}-{number}" for name in ("query", "rule") for number in (1, 2)),
)
THANOS_PORT = 10902
PUSH = "http://thanos-receive:19291/api/v1/receive"
KEY = ("aws_access_key_id", "aws_secret_access_key")
OWN_STORAGE = "http://storage:8333"
STORAGE_METRICS = "storage:9327"
QUERY_GATEWAY = "query-gateway:9180"
LOKI_GRPC = 9095


def storage(settings: Values) -> dict[str, str]:
    """Where the object storage is, also in the words of programs that want a host; without STORAGE_URL ours."""
    url = settings["STORAGE_URL"] or OWN_STORAGE
    scheme, _, host = url.partition("://")
    return {"STORAGE_URL": url, "STORAGE_HOST": host, "STORAGE_INSECURE": "true" if scheme == "http" else "false"}


def check_key(path: Path, text: str) -> None:
    """Raises OpsError where the file of the storage's key has none."""
    given = dict(line.replace(" ", "").partition("=")[::2] for line in text.splitlines())
    if missing := [name for name in KEY if not given.get(name)]:
        raise OpsError(
            f"{path} has no {' and no '.join(missing)}; expected the key of the object storage in the lines [default], "
            f"{KEY[0]} = …, {KEY[1]} = …. Write them, or delete the file: without STORAGE_URL the next start makes it."
        )


def _yaml() -> ModuleType:
    """Only here, because every other command does with Python alone."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise OpsError(
            f"SCALE=on needs the package yaml of Python, and {sys.executable} has none. Install it, on Debian by "
            "`apt-get install python3-yaml`, and run the same command again."
        ) from None
    return yaml


def _dump(content: object) -> str:
    text: str = _yaml().safe_dump(content, sort_keys=False, width=120)
    return text


def prometheus(original: str, _: Values) -> str:
    """From prometheus/prometheus.yml, one that asks and keeps: what it asks for is judged by Thanos' rulers."""
    config = _yaml().safe_load(original)
    config["global"]["external_labels"]["replica"] = "${REPLICA}"
    # All Prometheus of this stack are one service, and so are all Loki.
    for job in config["scrape_configs"]:
        for step in job.get("relabel_configs", []):
            if step.get("regex") == "(.+):.+" and step.get("target_label") == "service":
                step["regex"] = "(.+?)(?:-[0-9])?:.+"
    del config["rule_files"], config["alerting"]
    return _dump(config)


def monitoring(original: str, values: Values) -> str:
    """From prometheus/monitoring.yml, each replica in the place of the one, and what is there more."""
    groups = _yaml().safe_load(original)
    for group in groups:
        group["targets"] = [each for target in group["targets"] for each in _replicas(target)]
    groups.append({"targets": [QUERY_GATEWAY, *(f"{name}:{THANOS_PORT}" for name in THANOS)]})
    if values["STORAGE_URL"] == OWN_STORAGE:
        groups.append({"targets": [STORAGE_METRICS]})
    return _dump(groups)


def _replicas(target: str) -> list[str]:
    name, _, port = target.partition(":")
    # By the name of each alone: the one of the service is that of all.
    return [f"{name}-{number}:{port}" for number in range(1, REPLICAS.get(name, 0) + 1)] or [target]


def loki(original: str, values: Values) -> str:
    """From loki/loki.yml, three that share a ring and the storage."""
    config = _yaml().safe_load(original)
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
                "endpoint": values["STORAGE_HOST"],
                "bucketnames": values["STORAGE_LOGS_BUCKET"],
                "s3forcepathstyle": values["STORAGE_PATH_STYLE"] == "true",
                "insecure": values["STORAGE_INSECURE"] == "true",
                "region": values["STORAGE_REGION"],
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
    return _dump(config)


def thanos(original: str, values: Values) -> str:
    """From scale/storage.yml, the bucket of metrics."""
    config = _yaml().safe_load(original)
    config["config"] |= {
        "bucket": values["STORAGE_METRICS_BUCKET"],
        "endpoint": values["STORAGE_HOST"],
        "insecure": values["STORAGE_INSECURE"] == "true",
        "region": values["STORAGE_REGION"],
        "bucket_lookup_type": "path" if values["STORAGE_PATH_STYLE"] == "true" else "virtual-hosted",
    }
    return _dump(config)


def data_sources(original: str, _: Values) -> str:
    """From grafana/provisioning/datasources/metrics.yml: boards ask Thanos under the same uid."""
    return original.replace("http://prometheus:9090", f"http://thanos-query:{THANOS_PORT}")


FILES: dict[str, Callable[[str, Values], str]] = {
    "prometheus/prometheus.yml": prometheus,
    "prometheus/monitoring.yml": monitoring,
    "loki/loki.yml": loki,
    "scale/storage.yml": thanos,
    "grafana/provisioning/datasources/metrics.yml": data_sources,
}
