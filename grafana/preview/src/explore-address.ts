/** Reads and writes the addresses of Grafana's Explore, and adds a filter to a LogQL query. */
import type { TimeRange } from '@grafana/data';
import { rangeParameters } from './address';
import { findSource, type Source, type TraceSearch } from './sources';

const EVERYTHING = '{service=~".+"}';

export interface Exploration {
  source: Source;
  expr: string;
  /** In place of `expr`. */
  search?: TraceSearch;
  range: { from: string; to: string };
}

interface Query extends Partial<TraceSearch> {
  refId?: string;
  expr?: string;
  query?: string;
  queryType?: string;
  datasource?: { uid?: string };
}

interface Pane {
  datasource?: string;
  /** A trace's id is its query; of the other sources it is `expr`. */
  queries?: Query[];
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
  const query = pane.queries?.[0] ?? {};
  const search = query.queryType === 'search' ? { ...query, service: query.service ?? '' } : undefined;
  return {
    source: findSource(sources, pane.datasource ?? query.datasource?.uid, 'loki'),
    expr: query.expr || query.query || (search ? '' : EVERYTHING),
    search,
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
