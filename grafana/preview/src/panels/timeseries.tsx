/** Lines over time, with Grafana's legend, shared crosshair, tooltip and zoom by dragging. */
import {
  type DataFrame,
  dateTimeFormat,
  DashboardCursorSync,
  FieldType,
  formattedValueToString,
  getFieldDisplayName,
  getFieldSeriesColor,
} from '@grafana/data';
import { LegendDisplayMode, type VizLegendOptions } from '@grafana/schema';
import {
  type PanelContext,
  PanelContextProvider,
  SeriesTable,
  type SeriesTableRowProps,
  TimeSeries,
  TooltipPlugin2,
  usePanelContext,
} from '@grafana/ui';
import { useMemo, useState } from 'react';
import { change } from '../address';
import { AnnotationMarks } from '../annotations';
import type { Drawing, DrawnPanel, PageState } from '../page';

const ON_ALL = 1; // TooltipHoverMode, which is not exported
const LEGEND: VizLegendOptions = {
  ...{ showLegend: true, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] },
};

export const Lines: Drawing = (props) => {
  const { panel, frames, width, height, range, timeZone, annotations } = props;
  const [shown, setShown] = useState<string[] | null>(null);
  const outer = usePanelContext();
  const sync = outer.sync?.() ?? DashboardCursorSync.Off;
  const options = panel.options as { legend?: VizLegendOptions } | undefined;
  const series = useMemo(() => drawable(frames, shown), [frames, shown]);
  const context: PanelContext = {
    ...outer,
    onToggleSeriesVisibility: (label, mode) => setShown(toggled(label, mode, shown, series)),
  };
  return (
    <PanelContextProvider value={context}>
      <TimeSeries
        {...{ width, height, timeZone, frames: series, timeRange: range }}
        legend={{ ...LEGEND, ...options?.legend }}
        options={panel.options}
      >
        {(config, aligned) => (
          <>
            <TooltipPlugin2
              config={config}
              hoverMode={ON_ALL}
              syncMode={sync}
              syncScope="__global_"
              queryZoom={({ from, to }) => change({ from: String(Math.round(from)), to: String(Math.round(to)) })}
              render={(_plot, rows, active, pinned) => <Tooltip {...{ aligned, rows, active, pinned, ...props }} />}
            />
            <AnnotationMarks config={config} events={annotations} timeZone={timeZone} />
          </>
        )}
      </TimeSeries>
    </PanelContextProvider>
  );
};

/** Infinite values become gaps; series that are switched off in the legend are hidden but stay in it. */
function drawable(frames: DataFrame[], shown: string[] | null): DataFrame[] {
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      if (field.type !== FieldType.number) {
        return field;
      }
      const hidden = shown !== null && !shown.includes(getFieldDisplayName(field, frame, frames));
      const { hideFrom, ...custom } = field.config.custom;
      const config = {
        ...field.config,
        custom: { ...custom, hideFrom: { ...hideFrom, viz: hideFrom?.viz || hidden } },
      };
      const values = field.values.map((value) => (Number.isFinite(value) ? value : null));
      return { ...field, config, values };
    }),
  }));
}

function toggled(label: string, mode: string, shown: string[] | null, frames: DataFrame[]): string[] | null {
  if (mode === 'select') {
    return shown?.length === 1 && shown[0] === label ? null : [label];
  }
  const all = frames.flatMap((frame) =>
    frame.fields.slice(1).map((field) => getFieldDisplayName(field, frame, frames)),
  );
  const now = shown ?? all;
  return now.includes(label) ? now.filter((each) => each !== label) : [...now, label];
}

interface TooltipProps extends PageState, DrawnPanel {
  aligned: DataFrame;
  rows: (number | null)[];
  active: number | null;
  /** By a click; only then can something in it be clicked. */
  pinned: boolean;
}

/** Every line that has a value there, the highest on top. */
function Tooltip({ frames, theme, timeZone, aligned, rows, active, pinned }: TooltipProps) {
  const at = rows.slice(1).find((row) => row !== null) ?? rows[0] ?? 0;
  const found = aligned.fields.flatMap((field, place) => {
    const row = rows[place];
    const value = row === null || row === undefined ? null : field.values[row];
    if (place === 0 || value === null || value === undefined || field.config.custom?.hideFrom?.viz) {
      return [];
    }
    const entry: SeriesTableRowProps = {
      label: getFieldDisplayName(field, aligned, frames),
      value: field.display ? formattedValueToString(field.display(value)) : String(value),
      color: getFieldSeriesColor(field, theme).color,
      isActive: place === active,
    };
    const links = pinned ? (field.getLinks?.({ valueRowIndex: row ?? 0 }) ?? []) : [];
    return [{ value: Number(value), entry, links }];
  });
  found.sort((a, b) => b.value - a.value);
  return (
    <div className="tooltip">
      <SeriesTable
        timestamp={dateTimeFormat(aligned.fields[0].values[at], { timeZone })}
        series={found.map(({ entry }) => entry)}
      />
      {found.map(({ entry, links }) =>
        links.map(({ title, href }) => (
          <a key={`${entry.label} ${title}`} href={href}>
            {title}: {entry.label}
          </a>
        )),
      )}
    </div>
  );
}
