/** A panel's query with its step and built-in variables, asked and turned into Grafana's data frames. */
import { type DataFrame, rangeUtil, type TimeRange } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import { type Fill, filler, type Variable } from './interpolate';
import { askLoki } from './loki';
import { askPrometheus } from './prometheus';
import { findSource, type Source } from './sources';

export interface Target {
  refId: string;
  expr: string;
  hide?: boolean;
  datasource?: { type?: string; uid?: string };
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
  interval?: string;
  legendFormat?: string;
  queryType?: string;
  maxLines?: number;
}

/** What a query is asked with; times in milliseconds, `step` in seconds. */
export interface Question {
  target: Target;
  source: Source;
  from: number;
  to: number;
  step: number;
  /** How many of the panel's queries answer with a table. */
  tables: number;
  fill: Fill;
  signal?: AbortSignal;
}

const MOST_POINTS = 11_000; // Prometheus refuses more
const MOST_PIXELS = 1_500;

/** Asks one query; throws an Error with the source's own words. */
export function askTarget(
  target: Target,
  panel: Partial<Panel>,
  board: { sources: Source[]; variables: Variable[]; range: TimeRange },
  width: number,
  signal?: AbortSignal,
): Promise<DataFrame[]> {
  const [from, to] = [board.range.from.valueOf(), board.range.to.valueOf()];
  const fill = filler(board.variables, builtIn({ from, to }));
  const reference = target.datasource ?? panel.datasource ?? {};
  const source = findSource(board.sources, reference.uid && fill(reference.uid), reference.type);
  const scrape = fill(target.interval || panel.interval || source.jsonData.timeInterval || '1s');
  const points = panel.maxDataPoints ?? Math.min(width, MOST_PIXELS);
  const span = (to - from) / 1000;
  const wanted = rangeUtil.calculateInterval(board.range, points, scrape).intervalMs / 1000;
  const step = Math.max(wanted, Math.ceil(span / MOST_POINTS));
  const tables = (panel.targets ?? []).filter((each) => each.format === 'table').length;
  const values = { ...builtIn({ from, to }), ...intervals(step, scrape) };
  const question: Question = {
    ...{ target, source, from, to, step, tables, signal },
    fill: filler(board.variables, values),
  };
  return source.type === 'loki' ? askLoki(question) : askPrometheus(question);
}

export function builtIn({ from, to }: { from: number; to: number }): Record<string, string> {
  const span = to - from;
  return {
    __from: String(from),
    __to: String(to),
    __range: `${Math.round(span / 1000)}s`,
    __range_s: String(Math.round(span / 1000)),
    __range_ms: String(span),
  };
}

function intervals(step: number, scrape: string): Record<string, string> {
  const seconds = rangeUtil.intervalToMs(scrape) / 1000;
  return {
    __interval: duration(step),
    __interval_ms: String(step * 1000),
    __auto: duration(step),
    // At least four scrapes, so that a rate has the points that it is made from.
    __rate_interval: duration(Math.max(step + seconds, 4 * seconds)),
  };
}

const duration = (seconds: number) => (Number.isInteger(seconds) ? `${seconds}s` : `${Math.round(seconds * 1000)}ms`);
