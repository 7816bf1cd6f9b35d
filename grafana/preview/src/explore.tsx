/** What Grafana's Explore addresses lead to: a query, and a board of its log lines, its graph or its trace. */
import type { Dashboard, Panel } from '@grafana/schema';
import { Button, Input } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { go } from './address';
import { Board } from './board';
import { type Exploration, exploreAddress } from './explore-address';
import type { View } from './page';
import type { Source } from './sources';
import { TraceView } from './trace';
import { Traces } from './traces';

const NO_PARAMETERS = new URLSearchParams();

export function Explore({ exploration, ...view }: View & { exploration: Exploration }) {
  const { source, expr, search } = exploration;
  const [text, setText] = useState(expr);
  useEffect(() => setText(expr), [expr]);
  const board = useMemo(() => ({ panels: panelsOf(source, expr) }) as Dashboard, [source, expr]);
  return (
    <>
      <form
        className="controls"
        onSubmit={(event) => {
          event.preventDefault();
          go(new URL(exploreAddress({ datasource: source.uid, expr: text, range: view.range }), location.href));
        }}
      >
        <Input value={text} onChange={(event) => setText(event.currentTarget.value)} aria-label="Query" />
        <Button type="submit">Run</Button>
      </form>
      {source.type === 'jaeger' && search ? (
        <Traces {...{ source, search }} {...view} />
      ) : source.type === 'jaeger' ? (
        <TraceView {...{ source, id: expr }} {...view} />
      ) : (
        <Board {...{ board, boards: [], parameters: NO_PARAMETERS }} {...view} />
      )}
    </>
  );
}

/** The lines below their number over time; for a query of numbers, its graph. */
function panelsOf(source: Source, expr: string): Panel[] {
  const panel = (id: number, type: string, title: string, y: number, h: number, target: object, more: object = {}) =>
    ({
      ...{ id, type, title, gridPos: { h, w: 24, x: 0, y }, datasource: { type: source.type, uid: source.uid } },
      targets: [{ refId: 'A', ...target }],
      ...more,
    }) as unknown as Panel;
  const isMetric = source.type === 'prometheus' || !/^\s*\{/.test(expr);
  if (isMetric) {
    return [panel(1, 'timeseries', 'Graph', 0, 11, { expr, legendFormat: '__auto' })];
  }
  const bars = { custom: { drawStyle: 'bars', fillOpacity: 60, stacking: { mode: 'normal' } }, unit: 'short', min: 0 };
  const count = { expr: `sum by (level) (count_over_time(${expr} [$__auto]))`, legendFormat: '{{level}}' };
  return [
    panel(1, 'timeseries', 'Lines', 0, 5, count, { fieldConfig: { defaults: bars, overrides: [] } }),
    panel(2, 'logs', 'Log lines', 5, 19, { expr }),
  ];
}
