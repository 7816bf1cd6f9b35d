"""A board: its variables, annotations and links, and panels laid out in rows of 24 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib import panels, queries, style

COLUMNS = 24
EVERY_JOB = ".+"  # not .*: Loki refuses a matcher that may match nothing
TAG = "erp"


@dataclass(frozen=True)
class Row:
    """Panels side by side, each as wide as the others; `title` opens a section above them."""

    height: int
    panels: Sequence[Builder[models.Panel]]
    title: str = ""
    identifier: int = 0  # of the section's heading; panels choose their own


def board(uid: str, title: str, description: str, rows: Sequence[Row]) -> models.Dashboard:
    """The finished board; `uid` is its file's name."""
    built = (
        builders.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .readonly()
        .refresh("30s")
        .time("now-1h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(_source("datasource", "Metrics", "prometheus"))
        .with_variable(_source("logs", "Logs", "loki"))
        .with_variable(_job())
        .annotation(_annotation("Firing alerts", style.BAD, queries.FIRING_ANNOTATION, "{{alertname}} {{service}}"))
        .annotation(_annotation("Deploys", style.NEUTRAL, queries.DEPLOY_ANNOTATION, "{{job}} {{version}}"))
        .link(_boards_link())
    ).build()
    built.panels = _placed(rows)
    return built


def _placed(rows: Sequence[Row]) -> list[models.Panel | models.RowPanel]:
    found: list[models.Panel | models.RowPanel] = []
    y = 0
    for row in rows:
        if row.title:
            heading = builders.Row(row.title).id(row.identifier).build()
            heading.grid_pos = models.GridPos(h=1, w=COLUMNS, x=0, y=y)
            found.append(heading)
            y += 1
        width = COLUMNS // len(row.panels)
        for place, builder in enumerate(row.panels):
            panel = builder.build()
            panel.grid_pos = models.GridPos(h=row.height, w=width, x=place * width, y=y)
            found.append(panel)
        y += row.height
    return found


def _source(name: str, label: str, kind: str) -> builders.DatasourceVariable:
    return builders.DatasourceVariable(name).label(label).type(kind)


def _job() -> builders.QueryVariable:
    everything = models.VariableOption(selected=True, text="All", value="$__all")
    return (
        builders.QueryVariable("job")
        .label("Service")
        .datasource(panels.METRICS)
        .query("label_values(up, job)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(EVERY_JOB)
        .allow_custom_value(True)
        .current(everything)
    )


def _annotation(name: str, color: str, query: str, title: str) -> builders.AnnotationQuery:
    built = builders.AnnotationQuery().name(name).enable(True).icon_color(color).datasource(panels.METRICS)
    return built.expr(query).step("30s").title_format(title)


def _boards_link() -> builders.DashboardLink:
    link = builders.DashboardLink("ERP boards").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True)
