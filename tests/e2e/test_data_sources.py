"""Each provisioned data source works: asked by Grafana, or where it can't run, from inside its network."""

from functools import partial

import pytest
import yaml

from ops.paths import ROOT
from ops.settings import load as load_settings
from tests.support import inside
from tests.support.grafana import Grafana, is_preview
from tests.support.wait import eventually

FOLDER = ROOT / "grafana" / "provisioning" / "datasources"
NAMES = ("metrics", f"tracing-{load_settings()['TRACING']}")
FILES = [yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8")) for name in NAMES]
SOURCES = {source["uid"]: source for file in FILES for source in file["datasources"]}
QUESTIONS = {
    "prometheus": "/api/v1/status/buildinfo",
    "loki": "/loki/api/v1/labels",
    "alertmanager": "/api/v2/status",
    "jaeger": "/api/services",
}
INSIDE = "inbox"  # a Python program on Grafana's network


def ask_grafana(uid: str, kind: str) -> str:
    # Its type has no back end in Grafana: the health API answers 500, `plugin.unavailable`.
    if kind == "alertmanager":
        return Grafana().proxied(uid, QUESTIONS[kind])
    return Grafana().health(uid)


@pytest.mark.parametrize("uid", SOURCES)
def test_data_source_answers(uid: str, report: list[str]) -> None:
    source = SOURCES[uid]
    if not is_preview():
        report.append("Data sources were asked by Grafana's health API, Alertmanager through its proxy.")
        eventually(partial(ask_grafana, uid, source["type"]), f"{uid} healthy", 30, until=lambda said: said == "OK")
    else:
        report.append(f"No Grafana here: data sources were asked from inside its network, in {INSIDE}.")
        address = source["url"].rstrip("/") + QUESTIONS[source["type"]]
        assert inside.fetch(INSIDE, address).startswith(("{", "["))  # an error would begin with its status
