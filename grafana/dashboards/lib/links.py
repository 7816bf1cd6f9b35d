"""Addresses that boards lead to, as Grafana has them: no host name, the time range kept."""

import json
from urllib.parse import quote

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib.alerts import OVERVIEW
from grafana.dashboards.lib.queries.common import IDENTITY

# Prometheus serves the runbooks beside its alerts; the way there is the data source's.
RUNBOOKS = "/api/datasources/proxy/uid/${datasource}/user/docs/runbooks"
ALERT_OF_ROW = "${__data.fields.alertname}"
NAMES_OF_VARIABLES = "${}:"  # kept as they are in an address, so that Grafana fills them in


def runbook(alert: str) -> builders.DashboardLink:
    return _link(f"Runbook: {alert}", f"{RUNBOOKS}/{alert}.md")


def runbook_of_row() -> builders.DashboardLink:
    return _link("Runbook", f"{RUNBOOKS}/{ALERT_OF_ROW}.md")


def overview_of_row() -> builders.DashboardLink:
    """The overview of the service in a table's row, over the board's time range."""
    chosen = "&".join(f"var-{name}=${{__data.fields.{name}}}" for name in IDENTITY)
    return _link("Overview of this service", f"/d/{OVERVIEW}?{chosen}&${{__url_time_range}}").target_blank(False)


def log_lines(selector: str, title: str = "Log lines") -> builders.DashboardLink:
    """The lines of a LogQL selector in Explore, over the board's time range."""
    query = {"refId": "A", "datasource": {"type": "loki", "uid": "${logs}"}, "expr": selector, "queryType": "range"}
    return _explore(title, "lines", "${logs}", query)


def traces_of_view() -> builders.DashboardLink:
    """The traces of a line's view in the board's time range, where Jaeger keeps them."""
    labels = {"view": "view", "service.namespace": "application", "deployment.environment.name": "env"}
    tags = " ".join(f'{tag}="${{__field.labels.{label}}}"' for tag, label in labels.items())
    search = {"queryType": "search", "service": "${__field.labels.service}", "tags": tags, "limit": 50}
    query = {"refId": "A", "datasource": {"type": "jaeger", "uid": "jaeger"}, **search}
    return _explore("Traces of this view", "traces", "jaeger", query).target_blank(False)


def runbooks() -> builders.DashboardLink:
    return _link("Runbooks", f"{RUNBOOKS}/")


def boards(tag: str) -> builders.DashboardLink:
    link = builders.DashboardLink("Boards").type(models.DashboardLinkType.DASHBOARDS).tags([tag])
    return link.as_dropdown(True).include_vars(True).keep_time(True)


def _explore(title: str, name: str, source: str, query: object) -> builders.DashboardLink:
    pane = {"datasource": source, "queries": [query], "range": {"from": "${__from}", "to": "${__to}"}}
    panes = quote(json.dumps({name: pane}, separators=(",", ":")), safe=NAMES_OF_VARIABLES)
    return _link(title, f"/explore?schemaVersion=1&orgId=1&panes={panes}")


def _link(title: str, url: str) -> builders.DashboardLink:
    """It opens in a new tab."""
    return builders.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).target_blank(True)
