"""A board with a panel of every kind that the preview draws, and one for everything that it has to refuse."""

from typing import Any

METRICS = {"type": "prometheus", "uid": "${datasource}"}
LOGS = {"type": "loki", "uid": "${logs}"}
UP = 'up{job=~"$job"}'


def _panel(kind: str, title: str, expression: str = UP, **more: Any) -> dict[str, Any]:
    target = {"refId": "A", "expr": expression, "legendFormat": "{{job}}", **more.pop("target", {})}
    panel = {"type": kind, "title": title, "description": "Planted.", "datasource": METRICS, "targets": [target]}
    return {
        **panel,
        "fieldConfig": {"defaults": {"unit": "short", **more.pop("defaults", {})}, "overrides": []},
        **more,
    }


TABLE = {"format": "table", "instant": True, "legendFormat": ""}
OVERRIDE = {"matcher": {"id": "byName", "options": "up"}, "properties": [{"id": "smell", "value": 1}]}
DRAWN = [
    _panel(
        "timeseries",
        "Lines",
        'scrape_samples_scraped{job=~"$job"}',
        defaults={"unit": "bytes"},
        options={"tooltip": {"mode": "multi", "sort": "desc"}},
    ),
    _panel("stat", "Numbers", defaults={"unit": "s", "displayName": "of ${__field.labels.job}"}),
    _panel("bargauge", "Bars", target={"instant": True}, defaults={"unit": "bytes", "min": 0, "max": 2}),
    _panel("gauge", "Dial", 'min(up{job="prometheus"})', defaults={"unit": "percentunit", "min": 0, "max": 1}),
    _panel(
        "table",
        "Cells",
        'max by (job) (up{job=~"$job"})',  # few columns, which are all in sight
        target=TABLE,
        transformations=[
            {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "Is up"}}}
        ],
        defaults={"unit": "bool_yes_no"},
    ),
    _panel("logs", "Log lines", '{service=~"$job"}', datasource=LOGS),
    _panel(
        "bargauge", "Instances", 'up{instance=~"$instance"}', target={"instant": True, "legendFormat": "{{instance}}"}
    ),
    _panel("timeseries", "First of its kind", 'up{job="$one"}'),
]
# Each with a piece of the sentence that has to stand in the panel.
REFUSED = {
    "Unknown kind": (_panel("geomap", "Unknown kind"), 'panels of the kind "geomap"'),
    "Unknown unit": (_panel("stat", "Unknown unit", defaults={"unit": "parsecs"}), 'unit "parsecs"'),
    "Unknown transformation": (
        _panel("table", "Unknown transformation", target=TABLE, transformations=[{"id": "alchemy", "options": {}}]),
        'transformation "alchemy"',
    ),
    "Unknown option": (
        _panel("timeseries", "Unknown option") | {"fieldConfig": {"defaults": {}, "overrides": [OVERRIDE]}},
        'field option "smell"',
    ),
    "Unknown source": (
        _panel("stat", "Unknown source", datasource={"type": "mysql", "uid": "mysql"}),
        'no data source "mysql"',
    ),
    "Broken PromQL": (_panel("timeseries", "Broken PromQL", "sum by (job (up)"), "parse error"),
    "Broken LogQL": (_panel("logs", "Broken LogQL", "{service=", datasource=LOGS), "parse error"),
}
SEVERAL: dict[str, Any] = {"multi": True, "includeAll": True, "current": {"value": "$__all"}}
EMPTY = _panel("timeseries", "Nothing", "metric_that_nobody_exposes")


def _variable(name: str, query: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "query", "datasource": METRICS, "query": query, "sort": 1, **more}


def board(*panels: dict[str, Any], uid: str = "planted", title: str = "Planted") -> dict[str, Any]:
    """The panels two by two, with variables as the committed boards have them: several, what follows them, one."""
    placed = [
        {**panel, "id": number, "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)}}
        for number, panel in enumerate(panels)
    ]
    variables = [
        {"name": "datasource", "type": "datasource", "query": "prometheus"},
        {"name": "logs", "type": "datasource", "query": "loki"},
        _variable("job", "label_values(up, job)", **SEVERAL, allValue=".+"),
        _variable("instance", 'label_values(up{job=~"$job"}, instance)', **SEVERAL),
        _variable("one", "label_values(up, job)"),
    ]
    return {
        **{"uid": uid, "title": title, "tags": ["planted"], "panels": placed, "templating": {"list": variables}},
        **{"time": {"from": "now-30m", "to": "now"}, "refresh": "", "graphTooltip": 1, "editable": False},
        "links": [
            {"type": "dashboards", "title": "Boards", "tags": ["planted"], "includeVars": True, "keepTime": True}
        ],
    }
