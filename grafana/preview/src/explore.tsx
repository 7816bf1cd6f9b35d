/** The log view behind Grafana's Explore addresses: a LogQL query, how many lines, and the lines. */
import { type GrafanaTheme2, type TimeRange } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import { Button, Input } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { go } from './address';
import { type Exploration, exploreAddress } from './explore-address';
import { filler } from './interpolate';
import { type PageState, PanelView, Problems } from './panel';
import type { Source } from './sources';
import { useWidth } from './use-width';

interface Props {
  exploration: Exploration;
  sources: Source[];
  range: TimeRange;
  timeZone: string;
  theme: GrafanaTheme2;
}

const EVERYTHING = '{service=~".+"}';

export function Explore({ exploration, sources, range, timeZone, theme }: Props) {
  const asked = exploration.queries[0]?.expr || EVERYTHING;
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  const page = useMemo<PageState>(
    () => ({ ...{ sources, range, timeZone, theme, variables: [], annotations: [] }, fill: filler([], {}) }),
    [sources, range, timeZone, theme],
  );
  const [measured, width] = useWidth<HTMLElement>();
  const panels = useMemo(() => panelsOf(exploration, asked, sources), [exploration, asked, sources]);
  return (
    <main ref={measured}>
      <form
        className="controls"
        onSubmit={(event) => {
          event.preventDefault();
          go(new URL(exploreAddress({ datasource: exploration.datasource, expr: text, range }), location.href));
        }}
      >
        <Input value={text} onChange={(event) => setText(event.currentTarget.value)} aria-label="Query" />
        <Button type="submit">Run</Button>
      </form>
      {typeof panels === 'string' && <Problems problems={[panels]} />}
      {width > 0 &&
        typeof panels !== 'string' &&
        panels.map((panel) => <PanelView key={panel.id} {...{ panel, page, width, height: panel.gridPos?.h ?? 0 }} />)}
    </main>
  );
}

/** Lines with their number over time, or a query's lines on a graph; a sentence where there is no such source. */
function panelsOf({ datasource }: Exploration, expr: string, sources: Source[]): Panel[] | string {
  const source = sources.find(({ uid, name }) => uid === datasource || name === datasource);
  if (!source) {
    return `The preview explores ${sources.map(({ name }) => name).join(' and ')}; it knows no data source "${datasource}".`;
  }
  const panel = (id: number, type: string, title: string, h: number, target: object, more: object = {}) =>
    ({
      ...{ id, type, title, gridPos: { h, w: 0, x: 0, y: 0 }, datasource: { type: source.type, uid: source.uid } },
      targets: [{ refId: 'A', ...target }],
      ...more,
    }) as unknown as Panel;
  const isMetric = source.type === 'prometheus' || !/^\s*\{/.test(expr);
  if (isMetric) {
    return [panel(1, 'timeseries', 'Graph', 400, { expr, legendFormat: '__auto' })];
  }
  const bars = { custom: { drawStyle: 'bars', fillOpacity: 60, stacking: { mode: 'normal' } }, unit: 'short', min: 0 };
  const count = { expr: `sum by (level) (count_over_time(${expr} [$__auto]))`, legendFormat: '{{level}}' };
  return [
    panel(1, 'timeseries', 'Lines', 180, count, { fieldConfig: { defaults: bars, overrides: [] } }),
    panel(2, 'logs', 'Log lines', 700, { expr }, { options: { wrapLogMessage: true } }),
  ];
}
