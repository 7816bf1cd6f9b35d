"""The panels of the house: each takes a text, named queries by legend, and a unit.

A text is a title and what it shows, such as `Latency: how long requests took.`
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, gauge, logs, loki, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models

from grafana.dashboards.lib import links, style
from grafana.dashboards.lib.alerts import Watch
from grafana.dashboards.lib.queries.common import IDENTITY

METRICS = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
LOGS = models.DataSourceRef(type_val="loki", uid="${logs}")
REFS = "ABCDEFGH"
_CHOSEN = (f'{name}=~"${{{name}:pipe}}"' for name in IDENTITY)
LINES_OF_SERVICES = f"{{{','.join(_CHOSEN)}}}"
NO_WATCH = Watch()
ANY = Watch(steps=((1, style.BAD),))  # one is one too many

Queries: TypeAlias = Mapping[str, str]
Drawn = TypeVar("Drawn", stat.Panel, timeseries.Panel, bargauge.Panel, gauge.Panel)
Named = TypeVar("Named", stat.Panel, table.Panel)


def number(text: str, queries: Queries | str, unit: str, watch: Watch = NO_WATCH, *, once: bool = False) -> stat.Panel:
    """The last value of each query, with its recent course behind it; `once`: without, where it would cost much."""
    panel = (
        stat.Panel()
        .color_mode(common_models.BigValueColorMode.VALUE)
        .graph_mode(common_models.BigValueGraphMode.AREA)
        .reduce_options(_last())
    )
    return _finished(panel, text, queries, unit, watch, once=once)


def level(text: str, queries: Queries, unit: str, watch: Watch = NO_WATCH) -> gauge.Panel:
    """A share on a dial."""
    panel = gauge.Panel().reduce_options(_last()).show_threshold_markers(True).min(0).max(1)
    return _finished(panel, text, queries, unit, watch)


def bars(text: str, queries: Queries, unit: str, *, once: bool = False) -> bargauge.Panel:
    """One bar per series, its last value."""
    panel = (
        bargauge.Panel()
        .reduce_options(_last())
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .show_unfilled(True)
        .min(0)
    )
    return _finished(panel, text, queries, unit, NO_WATCH, once=once)


def lines(
    text: str,
    queries: Queries,
    unit: str,
    watch: Watch = NO_WATCH,
    *,
    maximum: float | None = None,
    stacked: bool = False,
) -> timeseries.Panel:
    """Lines over time; `queries` maps a legend such as `{{view}}` or `p95` to its query."""
    panel = _coloured(_timeseries())
    if watch.steps:
        mode = common_models.GraphThresholdsStyleMode.DASHED
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(mode))
    panel = panel.axis_soft_max(style.least_top(unit, watch.steps)) if maximum is None else panel.max(maximum)
    if stacked:
        panel = panel.stacking(_stack()).fill_opacity(30)
    finished = _finished(panel, text, queries, unit, watch)
    return finished.color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))


def log_counts(text: str, query: str, legend: str = "{{level}}", unit: str = style.LINES) -> timeseries.Panel:
    """Counted log lines as stacked bars."""
    panel = _coloured(_timeseries()).draw_style(common_models.GraphDrawStyle.BARS).fill_opacity(60).stacking(_stack())
    panel = panel.color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    target = loki.Dataquery().expr(query).legend_format(legend).ref_id("A").query_type("range")
    title, description = _told(text)
    return panel.title(title).description(description).datasource(LOGS).unit(unit).with_target(target)


def log_lines(text: str, query: str, *, identifier: int = 0) -> logs.Panel:
    """The lines themselves, newest first; alerts link to the panel whose `identifier` is given."""
    title, description = _told(text)
    panel = (
        logs.Panel()
        .title(title)
        .description(description)
        .datasource(LOGS)
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .prettify_log_message(False)
        .sort_order(common_models.LogsSortOrder.DESCENDING)
        .dedup_strategy(common_models.LogsDedupStrategy.NONE)
        .show_field_selector(False)
        .with_target(loki.Dataquery().expr(query).ref_id("A").query_type("range").max_lines(300))
    )
    return panel.id(identifier) if identifier else panel


def rows(
    text: str, queries: Queries, columns: Mapping[str, str], unit: str = style.COUNT, *, top: str = ""
) -> table.Panel:
    """A table of the queries' last values, joined by their labels, the highest of the query `top` (or the first) first.

    `queries` maps a value's heading to its query, `columns` a label to its heading; any other label is left out.
    """
    title, description = _told(text)
    panel = table.Panel().title(title).description(description).datasource(METRICS).unit(unit)
    headings = {f"Value #{ref}": heading for ref, heading in zip(REFS, queries, strict=False)}
    if len(queries) == 1:
        headings = {"Value": next(iter(queries))}
    for ref, query in zip(REFS, queries.values(), strict=False):
        target = (
            prometheus.Dataquery().expr(query).ref_id(ref).instant().format(prometheus_models.PromQueryFormat.TABLE)
        )
        panel = panel.with_target(target)
    order = {name: place for place, name in enumerate([*columns, *headings])}
    panel = with_units(panel, dict.fromkeys(columns.values(), style.TEXT))
    first = common.TableSortByFieldState().display_name(top or next(iter(queries))).desc(True)
    options = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": {**columns, **headings}}
    merged = panel.sort_by([first]).with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    return merged.with_transformation(models.DataTransformerConfig(id_val="organize", options=options))


def with_units(panel: Named, units: Mapping[str, str]) -> Named:
    """The same panel with a unit of its own for each of these headings."""
    for heading, unit in units.items():
        panel = panel.override_by_name(heading, [models.DynamicConfigValue(id_val="unit", value=unit)])
    return panel


def services(text: str, queries: Queries, units: Mapping[str, str], *, missing: str) -> table.Panel:
    """A table with a row for each service; `missing` is what it says while there is none.

    The first query is 1 where all is well, the second puts the rows in order. What isn't known is a dash, never a zero.
    """
    health, order, *_ = queries
    columns = {"application": "Application", "env": "Env", "service": "Service", "version": "Version"}
    unknown = models.DynamicConfigValue(id_val="noValue", value="-")
    coloured = models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})
    unit = models.DynamicConfigValue(id_val="unit", value=style.UP_OR_DOWN)
    panel = (
        rows(text, queries, columns, top=order)
        .min_width(70)
        .no_value(missing)
        .override_by_regexp("/.*/", [unknown])
        .override_by_name(health, [unit, coloured])
        .thresholds(style.thresholds((1, style.GOOD), base=style.BAD))
        .data_links([links.overview_of_row()])
    )
    return with_units(panel, units)


def states(text: str, query: str, names: Sequence[tuple[str, str]]) -> table.Panel:
    """A table of the alerts of a board: `names` are the texts and colours of the states 0, 1, …"""
    options = {
        str(value): models.ValueMappingResult(text=text, color=color, index=value)
        for value, (text, color) in enumerate(names)
    }
    cell = {"type": "color-text"}
    return (
        rows(text, {"State": query}, {"alertname": "alertname"})
        .mappings([models.ValueMap(options=options)])
        .thresholds(style.thresholds(*((value, color) for value, (_, color) in enumerate(names) if value)))
        .override_by_name("State", [models.DynamicConfigValue(id_val="custom.cellOptions", value=cell)])
        .data_links([links.runbook_of_row()])
    )


def _finished(panel: Drawn, text: str, queries: Queries | str, unit: str, watch: Watch, *, once: bool = False) -> Drawn:
    """What every panel of numbers has: title, description, source, unit, limits, links and queries."""
    title, description = _told(text)
    if watch.alerts:
        verb = "fires" if len(watch.alerts) == 1 else "fire"
        where = " beyond the line" if watch.steps else ""
        description = f"{description} {' and '.join(watch.alerts)} {verb}{where}."
        panel = panel.links([*map(links.runbook, watch.alerts), links.log_lines(LINES_OF_SERVICES)])
    base = watch.base if watch.steps else style.NEUTRAL
    panel = (
        panel.title(title)
        .description(description)
        .datasource(METRICS)
        .unit(unit)
        .thresholds(style.thresholds(*watch.steps, base=base))
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    )
    named = {"": queries} if isinstance(queries, str) else queries
    for ref, (legend, query) in zip(REFS, named.items(), strict=False):
        target = prometheus.Dataquery().expr(query).ref_id(ref)
        target = target.instant() if once else target.range()
        panel = panel.with_target(target.legend_format(legend) if legend else target)
    return panel


def _told(text: str) -> tuple[str, str]:
    """Title and description of a panel's text."""
    title, _, description = text.partition(": ")
    return title, description[:1].upper() + description[1:]


def _coloured(panel: timeseries.Panel) -> timeseries.Panel:
    for color, pattern in style.MEANINGS.items():
        value = {"mode": "fixed", "fixedColor": color}
        panel = panel.override_by_regexp(pattern, [models.DynamicConfigValue(id_val="color", value=value)])
    return panel


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _stack() -> common.StackingConfig:
    return common.StackingConfig().mode(common_models.StackingMode.NORMAL)


def _timeseries() -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    tooltip = (
        common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI).sort(common_models.SortOrder.DESCENDING)
    )
    return (
        timeseries.Panel()
        .min(0)
        .line_width(1)
        .fill_opacity(8)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(legend)
        .tooltip(tooltip)
    )
