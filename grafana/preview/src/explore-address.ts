/** Grafana's addresses of its log view, read and written; and a LogQL query with one more filter. */
import type { TimeRange } from '@grafana/data';
import { rangeParameters } from './address';
import type { Target } from './queries';

export interface Exploration {
  datasource: string;
  queries: Target[];
  range: { from: string; to: string };
}

interface Pane {
  datasource?: string;
  queries?: (Partial<Target> & { datasource?: { uid?: string } })[];
  range?: { from: string; to: string };
}

export function exploreAddress({
  datasource,
  expr,
  range,
}: {
  datasource: string;
  expr: string;
  range: TimeRange;
}): string {
  const pane: Pane = {
    datasource,
    queries: [{ refId: 'A', expr, datasource: { uid: datasource } }],
    range: rangeParameters(range),
  };
  return `/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify({ a: pane }))}`;
}

/** The first pane: of `panes`, or of the older `left`. Text that isn't JSON is an error, told on the page. */
export function readExploration(parameters: URLSearchParams): Exploration {
  const panes = parameters.get('panes');
  const pane: Pane = panes
    ? (Object.values(JSON.parse(panes) as Record<string, Pane>)[0] ?? {})
    : (JSON.parse(parameters.get('left') ?? '{}') as Pane);
  return {
    datasource: pane.datasource ?? pane.queries?.[0]?.datasource?.uid ?? 'loki',
    queries: (pane.queries ?? []).map((query, place) => ({ refId: 'ABCDEFGH'[place], expr: '', ...query })),
    range: pane.range ?? { from: 'now-1h', to: 'now' },
  };
}

const SELECTOR = /\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}/;

interface Filter {
  kind: 'label' | 'field' | 'json';
  name: string;
  value: string;
  operator: '=' | '!=';
}

/** Labels choose the stream; other fields are compared further on, those of a JSON line after parsing it. */
export function withField(query: string, { kind, name, value, operator }: Filter): string {
  const comparison = `${name}${operator}${JSON.stringify(value)}`;
  if (kind === 'label') {
    return query.replace(SELECTOR, (_, inside: string) => `{${inside.trim() ? `${inside},` : ''}${comparison}}`);
  }
  const parse = kind === 'json' && !/\|\s*json/.test(query) ? ' | json' : '';
  return `${query}${parse} | ${comparison}`;
}
