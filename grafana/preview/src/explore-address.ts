/** Reads and writes the addresses of Grafana's Explore, and adds a filter to a LogQL query. */
import type { TimeRange } from '@grafana/data';
import { rangeParameters } from './address';
import { findSource, type Source } from './sources';

const EVERYTHING = '{service=~".+"}';

export interface Exploration {
  source: Source;
  expr: string;
  range: { from: string; to: string };
}

interface Pane {
  datasource?: string;
  /** A trace's id is its query; of the other sources it is `expr`. */
  queries?: { refId?: string; expr?: string; query?: string; datasource?: { uid?: string } }[];
  range?: { from: string; to: string };
}

interface Wanted {
  datasource: string;
  expr: string;
  range: TimeRange;
}

export function exploreAddress({ datasource, expr, range }: Wanted): string {
  const queries = [{ refId: 'A', expr, query: expr, datasource: { uid: datasource } }];
  const pane: Pane = { datasource, queries, range: rangeParameters(range) };
  return `/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify({ a: pane }))}`;
}

/** The first pane of `panes`. Throws where it can't be read. */
export function readExploration(parameters: URLSearchParams, sources: Source[]): Exploration {
  const panes = JSON.parse(parameters.get('panes') ?? '{}') as Record<string, Pane>;
  const pane = Object.values(panes)[0] ?? {};
  return {
    source: findSource(sources, pane.datasource ?? pane.queries?.[0]?.datasource?.uid, 'loki'),
    expr: pane.queries?.[0]?.expr || pane.queries?.[0]?.query || EVERYTHING,
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

/** A label goes into the stream selector, another field into a filter, after `| json` for a field of a JSON line. */
export function withField(query: string, { kind, name, value, operator }: Filter): string {
  const comparison = `${name}${operator}${JSON.stringify(value)}`;
  if (kind === 'label') {
    return query.replace(SELECTOR, (_, inside: string) => `{${inside.trim() ? `${inside},` : ''}${comparison}}`);
  }
  const parse = kind === 'json' && !/\|\s*json/.test(query) ? ' | json' : '';
  return `${query}${parse} | ${comparison}`;
}
