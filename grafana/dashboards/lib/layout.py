"""A board: its variables, annotations and links, and panels laid out in rows of 24 columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib import alerts, links, panels, style
from grafana.dashboards.lib.queries import common

COLUMNS = 24
# What "All" stands for. Not .*: Loki refuses a matcher that may match nothing. Not .+: in an address plus is a space.
EVERYTHING = "..*"
TAG = "observability"
TALLEST = 14
STATES = (("silent", style.GOOD), ("pending", style.WARNING), ("FIRING", style.BAD))


@dataclass(frozen=True)
class Row:
    """Panels side by side, each as wide as the others."""

    height: int
    panels: Sequence[Builder[models.Panel]]


def row(*side_by_side: Builder[models.Panel], height: int = 8) -> Row:
    return Row(height, side_by_side)


@dataclass(frozen=True)
class Section:
    """Rows below a heading; its `number` makes the ids of its panels. Without a title there is no heading."""

    number: int
    title: str
    rows: Sequence[Row]
    collapsed: bool = False


@dataclass(frozen=True)
class Choice:
    """A variable: the values of a label, all of them at first or, where `one` is chosen, the first.

    `matching` is what "All" is then; without it "All" is the values offered, and nothing else.
    """

    name: str
    label: str
    query: str
    matching: str = EVERYTHING
    one: bool = False


INSTANCE = Choice("instance", "Instance", f'label_values(up{{{common.SERVICE},probe=""}}, instance)')


def identity(metrics: str, services: str = "", *, one: bool = False, matching: str = EVERYTHING) -> list[Choice]:
    """The choice of application, environment and service among those that have one of the `metrics`.

    `services` are the metrics of what is offered as a service, if others; `one` application and environment at a time
    is for boards whose figures of several would be added up to nonsense.
    """
    any_of = f'{{__name__=~"{metrics}"'
    chosen = f'{{__name__=~"{services or metrics}",{common.APPLICATION}}}'
    return [
        Choice("application", "Application", f"label_values({any_of}}}, application)", one=one),
        Choice("env", "Environment", f'label_values({any_of},application=~"$application"}}, env)', one=one),
        Choice("service", "Service", f"label_values({chosen}, service)", matching),
    ]


def board(
    uid: str, title: str, description: str, choices: Sequence[Choice], sections: Sequence[Section]
) -> models.Dashboard:
    """The finished board; `uid` is its file's name. Its last section lists the alerts that lead to it."""
    builder = (
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
        .annotation(
            _annotation(
                "Firing alerts", style.BAD, common.FIRING_ANNOTATION, "{{alertname}} {{application}} {{service}}"
            )
        )
        .annotation(_annotation("Deploys", style.NEUTRAL, common.DEPLOY_ANNOTATION, f"{style.NAMED} {{{{version}}}}"))
    )
    for choice in choices:
        builder = builder.with_variable(_choice(choice))
    for leading in (links.boards(TAG), links.log_lines(panels.LINES_OF_SERVICES, "Logs"), links.runbooks()):
        builder = builder.link(leading)
    built = builder.build()
    for link in built.links or []:
        link.placement = ""  # in sight, not in a menu
    built.panels = _placed([*sections, _alerts(uid)])
    return built


def _alerts(uid: str) -> Section:
    """Every alert that leads to this board with its state: a row is there when its rules are evaluated."""
    evaluated = alerts.of_board(uid)
    panel = panels.states(
        "Alerts that lead here: silent, pending or firing, each with its runbook; without a row it isn't evaluated.",
        common.alert_states(evaluated, also=alerts.ALSO.get(uid, "")),
        STATES,
    )
    return Section(8, "Alerts of this board", [row(panel, height=min(3 + len(evaluated), TALLEST))])


def _placed(sections: Sequence[Section]) -> list[models.Panel | models.RowPanel]:
    found: list[models.Panel | models.RowPanel] = []
    y = 0
    for section in sections:
        heading = builders.Row(section.title).id(section.number * 100).collapsed(section.collapsed).build()
        if section.title:
            heading.grid_pos = models.GridPos(h=1, w=COLUMNS, x=0, y=y)
            found.append(heading)
            y += 1
        placed = _rows(section, y)
        if section.collapsed:
            heading.panels = placed
            continue
        found += placed
        y += sum(row.height for row in section.rows)
    return found


def _rows(section: Section, y: int) -> list[models.Panel]:
    found: list[models.Panel] = []
    for row in section.rows:
        edges = [COLUMNS * place // len(row.panels) for place in range(len(row.panels) + 1)]
        for builder, left, right in zip(row.panels, edges, edges[1:], strict=False):
            panel = builder.build()
            panel.id_val = panel.id_val or section.number * 100 + len(found) + 1
            panel.grid_pos = models.GridPos(h=row.height, w=right - left, x=left, y=y)
            found.append(panel)
        y += row.height
    return found


def _source(name: str, label: str, kind: str) -> builders.DatasourceVariable:
    return builders.DatasourceVariable(name).label(label).type(kind)


def _choice(choice: Choice) -> builders.QueryVariable:
    offered = (
        builders.QueryVariable(choice.name)
        .label(choice.label)
        .datasource(panels.METRICS)
        .query(choice.query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .allow_custom_value(True)
    )
    if choice.one:
        return offered
    everything = models.VariableOption(selected=True, text="All", value="$__all")
    offered = offered.multi(True).include_all(True).current(everything)
    return offered.all_value(choice.matching) if choice.matching else offered


def _annotation(name: str, color: str, query: str, title: str) -> builders.AnnotationQuery:
    built = builders.AnnotationQuery().name(name).enable(True).icon_color(color).datasource(panels.METRICS)
    return built.expr(query).step("30s").title_format(title)
