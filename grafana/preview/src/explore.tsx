/** What Grafana's Explore addresses lead to: a query, and its log lines with their number over time, or its graph. */
import type { Panel } from '@grafana/schema';
import { Button, Input } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { go } from './address';
import { type Exploration, exploreAddress } from './explore-address';
import { filler } from './interpolate';
import type { PageState, View } from './page';
import { PanelView } from './panel';
import { useWidth } from './use-width';

const EVERYTHING = '{service=~".+"}';

export function Explore({ exploration, sources, range, timeZone, theme }: View & { exploration: Exploration }) {
  const asked = exploration.queries[0]?.expr || EVERYTHING;
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  const page = useMemo<PageState>(
    () => ({ ...{ sources, range, timeZone, theme, variables: [], annotations: [] }, fill: filler([], {}) }),
    [sources, range, timeZone, theme],
  );
  const [measured, width] = useWidth<HTMLElement>();
  const panels = useMemo(() => panelsOf(exploration, asked), [exploration, asked]);
  return (
    <main ref={measured}>
      <form
        className="controls"
        onSubmit={(event) => {
          event.preventDefault();
          go(new URL(exploreAddress({ datasource: exploration.source.uid, expr: text, range }), location.href));
        }}
      >
        <Input value={text} onChange={(event) => setText(event.currentTarget.value)} aria-label="Query" />
        <Button type="submit">Run</Button>
      </form>
      {width > 0 &&
        panels.map((panel) => <PanelView key={panel.id} {...{ panel, page, width, height: panel.gridPos?.h ?? 0 }} />)}
    </main>
  );
}

function panelsOf({ source }: Exploration, expr: string): Panel[] {
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
