"""The panels of the house: each takes a title, a description, a unit and named queries."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import common, logs, loki, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib import style

METRICS = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
LOGS = models.DataSourceRef(type_val="loki", uid="${logs}")
REFS = "ABCDEFGH"


def number(
    identifier: int,
    title: str,
    description: str,
    query: str,
    unit: str,
    *,
    thresholds: builders.ThresholdsConfig | None = None,
    decimals: float | None = None,
) -> stat.Panel:
    """One number, the last one, with its recent course behind it."""
    panel = (
        stat.Panel()
        .id(identifier)
        .title(title)
        .description(description)
        .datasource(METRICS)
        .unit(unit)
        .color_mode(common_models.BigValueColorMode.VALUE)
        .graph_mode(common_models.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(thresholds or style.thresholds(base=style.NEUTRAL))
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .with_target(prometheus.Dataquery().expr(query).ref_id("A").range())
    )
    return panel if decimals is None else panel.decimals(decimals)


def lines(
    identifier: int,
    title: str,
    description: str,
    queries: Mapping[str, str],
    unit: str,
    *,
    thresholds: builders.ThresholdsConfig | None = None,
    maximum: float | None = None,
) -> timeseries.Panel:
    """Lines over time; `queries` maps a legend such as `{{view}}` or `p95` to its query."""
    panel = (
        _timeseries(identifier, title, description, unit)
        .datasource(METRICS)
        .thresholds(thresholds or style.thresholds())
    )
    if thresholds:
        mode = common_models.GraphThresholdsStyleMode.DASHED
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(mode))
    if maximum is not None:
        panel = panel.max(maximum)
    for ref, (legend, query) in zip(REFS, queries.items(), strict=False):
        panel = panel.with_target(prometheus.Dataquery().expr(query).legend_format(legend).ref_id(ref).range())
    return panel


def log_counts(identifier: int, title: str, description: str, query: str, legend: str) -> timeseries.Panel:
    """Counted log lines as stacked bars."""
    return (
        _timeseries(identifier, title, description, style.LINES)
        .datasource(LOGS)
        .draw_style(common_models.GraphDrawStyle.BARS)
        .fill_opacity(60)
        .stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
        .with_target(loki.Dataquery().expr(query).legend_format(legend).ref_id("A").query_type("range"))
    )


def log_lines(identifier: int, title: str, description: str, query: str) -> logs.Panel:
    """The lines themselves, newest first."""
    return (
        logs.Panel()
        .id(identifier)
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


def _timeseries(identifier: int, title: str, description: str, unit: str) -> timeseries.Panel:
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
        .id(identifier)
        .title(title)
        .description(description)
        .unit(unit)
        .min(0)
        .line_width(1)
        .fill_opacity(8)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(legend)
        .tooltip(tooltip)
    )
