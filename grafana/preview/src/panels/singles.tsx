/** Panels of single values: stat, bar gauge and gauge. */
import {
  type DisplayValueAlignmentFactors,
  type FieldDisplay,
  formattedValueToString,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type GrafanaTheme2,
  type TimeRange,
  VizOrientation,
} from '@grafana/data';
import { BarGauge, BigValue, VizRepeater, type VizRepeaterRenderValueProps } from '@grafana/ui';
import type { ComponentProps, ReactElement } from 'react';
import { fieldConfigOf } from '../fields';
import type { Drawing } from '../page';

type Value = VizRepeaterRenderValueProps<FieldDisplay, DisplayValueAlignmentFactors>;
type Options = Record<string, never> & { reduceOptions?: { calcs: string[]; values?: boolean; fields?: string } };

function singles(
  draw: (value: Value, options: Options, theme: GrafanaTheme2, range: TimeRange) => ReactElement,
): Drawing {
  return function Singles({ panel, frames, width, height, theme, fill, timeZone, range }) {
    const options = (panel.options ?? {}) as Options;
    const values = getFieldDisplayValues({
      fieldConfig: fieldConfigOf(panel),
      reduceOptions: { ...options.reduceOptions, calcs: options.reduceOptions?.calcs ?? ['lastNotNull'] },
      sparkline: panel.type === 'stat' && options.graphMode !== 'none',
      replaceVariables: fill,
      ...{ data: frames, theme, timeZone },
    });
    return (
      <VizRepeater<FieldDisplay, DisplayValueAlignmentFactors>
        {...{ width, height, source: frames, renderCounter: 0, itemSpacing: 8, autoGrid: true }}
        getValues={() => values}
        getAlignmentFactors={getDisplayValueAlignmentFactors}
        orientation={
          options.orientation ?? (panel.type === 'bargauge' ? VizOrientation.Horizontal : VizOrientation.Auto)
        }
        minVizHeight={panel.type === 'bargauge' ? 16 : undefined}
        renderValue={(value) => (
          <div data-value={`${value.value.display.title ?? ''} ${formattedValueToString(value.value.display)}`}>
            {draw(value, options, theme, range)}
          </div>
        )}
      />
    );
  };
}

type BigValueProps = ComponentProps<typeof BigValue>;

export const Stat = singles(({ value, width, height, alignmentFactors, count }, options, theme, timeRange) => (
  <BigValue
    {...{ width, height, count, alignmentFactors, theme }}
    value={value.display}
    sparkline={value.sparkline && { ...value.sparkline, timeRange }}
    colorMode={options.colorMode ?? ('value' as BigValueProps['colorMode'])}
    textMode={options.textMode ?? ('auto' as BigValueProps['textMode'])}
    graphMode={options.graphMode ?? ('area' as BigValueProps['graphMode'])}
  />
));

export const Bars = singles(({ value, width, height, alignmentFactors, orientation }, options, theme) => (
  <BarGauge
    {...{ width, height, orientation, alignmentFactors, theme, itemSpacing: 8, lcdCellWidth: 12, isOverflow: false }}
    value={value.display}
    field={value.field}
    display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
    displayMode={options.displayMode ?? ('gradient' as ComponentProps<typeof BarGauge>['displayMode'])}
    showUnfilled={options.showUnfilled ?? true}
    valueDisplayMode={options.valueMode}
    namePlacement={options.namePlacement}
  />
));

const START = (-210 * Math.PI) / 180; // of the arc, which spans 240 degrees
const SPAN = (240 * Math.PI) / 180;

/** Grafana's own gauge isn't exported in a form that works without jQuery. */
export const Gauge = singles(({ value: { display, field }, width, height, count }, _, theme) => {
  const radius = Math.max(Math.min(width / 2, height / 1.6) - 12, 10);
  const [min, max] = [field.min ?? 0, field.max ?? 100];
  const ratio = (number: number) => Math.min(Math.max((number - min) / (max - min || 1), 0), 1);
  const point = (at: number, r: number) => [Math.cos(START + SPAN * at) * r, Math.sin(START + SPAN * at) * r].join(' ');
  const arc = (from: number, to: number, r: number) =>
    `M ${point(from, r)} A ${r} ${r} 0 ${(to - from) * SPAN > Math.PI ? 1 : 0} 1 ${point(to, r)}`;
  const steps = field.thresholds?.steps ?? [];
  const stroke = (color: string) => theme.visualization.getColorByName(color);
  return (
    <svg width={width} height={height} viewBox={`${-width / 2} ${-radius - 10} ${width} ${height}`} fill="none">
      <path d={arc(0, 1, radius)} stroke={theme.colors.background.secondary} strokeWidth={radius / 4} />
      <path d={arc(0, ratio(display.numeric), radius)} stroke={display.color} strokeWidth={radius / 4} />
      {steps.map((step, place) => {
        const [from, to] = [ratio(step.value), ratio(steps[place + 1]?.value ?? max)];
        return (
          to > from && (
            <path key={step.value} d={arc(from, to, radius * 1.17)} stroke={stroke(step.color)} strokeWidth={3} />
          )
        );
      })}
      <text textAnchor="middle" y={radius * 0.15} fill={display.color} fontSize={radius / 2.6} fontWeight={500}>
        {formattedValueToString(display)}
      </text>
      {count > 1 && (
        <text textAnchor="middle" y={radius * 0.75} fill={theme.colors.text.primary} fontSize={14}>
          {display.title}
        </text>
      )}
    </svg>
  );
});
