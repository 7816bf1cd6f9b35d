"""`make kubernetes`: writes the objects, values and Kustomizations of deploy/kubernetes from what Compose reads.

`python -m deploy.kubernetes.build FOLDER` writes them into another folder instead, filled in with .env and with the
channels whose file in secrets/ isn't empty.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from alertmanager.checks import RefusedError
from deploy.kubernetes import loki, monitoring, monitors, operator, promtail, thanos, values, workloads
from deploy.kubernetes.model import APPLICATION_NAMESPACE, MONITORING_NAMESPACE, Model, Object, committed
from deploy.kubernetes.text import MARK, dump
from ops import secrets, settings
from ops.console import OpsError
from ops.paths import ROOT

HERE = Path(__file__).resolve().parent
SOURCES = {
    "erp": "erp_app/compose.yaml",
    "tracker": "sentry/compose.yaml",
    "sandbox": "sandbox/compose.yaml",
    "monitoring": "compose.yaml",
    "operator": "compose.yaml",
}


def files(model: Model, channels: Path | None = None) -> dict[str, str]:
    """Each file's text by its path below deploy/kubernetes. `channels`: as monitoring.alertmanager has it."""
    found = {"namespaces.yaml": dump("deploy/kubernetes/build.py", _namespaces())}
    special = {
        "promtail": ("promtail/promtail.yml", promtail.objects),
        "prometheus": ("compose.yaml and prometheus/prometheus.yml", operator.prometheus),
        "alertmanager": ("compose.yaml", operator.alertmanager),
    }
    for folder, names in model.folders().items():
        for name in names:
            source, make = special.get(name, (SOURCES[folder], partial(workloads.objects, name=name)))
            if objects := make(model):
                found[f"{folder}/{name}.yaml"] = dump(source, objects)
    asked = [monitors.pod_monitor(), *monitors.probes(model)]
    found["monitoring/monitors.yaml"] = dump("prometheus/prometheus.yml and the Compose files' labels", asked)
    found["monitoring/alertmanager.yaml"] = dump("alertmanager/", [monitoring.alertmanager(model, channels)])
    found["monitoring/addresses.yaml"] = dump("the names in the Compose files", monitoring.addresses())
    found["monitoring/rules-of-loki.yaml"] = dump("loki/rules", [monitoring.rules_of_loki()])
    found["monitoring/figures-of-containers.yaml"] = dump(
        str(monitoring.FIGURES.relative_to(ROOT)), [monitoring.figures()]
    )
    for name, rule in monitoring.rules().items():
        found[f"monitoring/rules/{name}.yaml"] = dump("prometheus/rules", [rule])
    for name, board in monitoring.boards().items():
        found[f"monitoring/boards/{name}.yaml"] = dump("grafana/dashboards/generated", [board])
    for folder in model.folders():
        listed = sorted(path.partition("/")[2] for path in found if path.startswith(f"{folder}/"))
        found[f"{folder}/kustomization.yaml"] = dump(SOURCES[folder], [_kustomization(listed)])
    chart = "compose.yaml and the files that it mounts"
    found["values/kube-prometheus-stack.yaml"] = dump(chart, [values.kube_prometheus_stack(model)])
    found["values/loki.yaml"] = dump(chart, [loki.values_of_the_chart(model)])
    scaled = "compose.scale.yaml"
    found["values/kube-prometheus-stack-thanos.yaml"] = dump(scaled, [thanos.kube_prometheus_stack(model)])
    found["values/thanos.yaml"] = dump(scaled, [thanos.values_of_the_chart(model)])
    return found


def _namespaces() -> list[Object]:
    """The applications' refuses a pod that isn't hardened; the other has what reads a node's own files."""
    levels = {APPLICATION_NAMESPACE: "restricted", MONITORING_NAMESPACE: "privileged"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": level}},
        }
        for name, level in levels.items()
    ]


def _kustomization(resources: list[str]) -> Object:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}


def write(folder: Path, wanted: dict[str, str]) -> None:
    """Write what is wanted, and delete what an earlier run has written and this one doesn't."""
    for path in written(folder) - set(wanted):
        (folder / path).unlink()
    for path, text in wanted.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def written(folder: Path) -> set[str]:
    """The YAML files that are below the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*.yaml")}


def main(arguments: list[str]) -> str:
    if not arguments:
        write(HERE, files(committed()))
        return f"Written into {HERE.relative_to(ROOT)}, with the defaults of .env.example."
    folder = Path(arguments[0]).expanduser().resolve()
    if folder.is_relative_to(ROOT):
        raise OpsError(f"OUT={arguments[0]} is in this checkout; expected a folder outside, for what .env says.")
    chosen = settings.load()
    secrets.ensure(chosen, chosen.secrets)
    wanted = files(Model(chosen), chosen.secrets)
    foreign = [each for each in sorted(written(folder)) if not (folder / each).read_text("utf-8").startswith(MARK)]
    if foreign:
        raise OpsError(
            f"OUT={folder} has files that `make kubernetes` hasn't made: {', '.join(foreign[:3])}. It deletes what it "
            "doesn't write: expected an empty folder, or one of its own. Lay your changes beside it, as an overlay."
        )
    write(folder, wanted)
    return f"Written into {folder}, with .env and the channels that are on in {chosen.secrets}."


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{main([word for word in sys.argv[1:] if word])}\n")
    except (OpsError, RefusedError) as error:
        sys.exit(str(error))
