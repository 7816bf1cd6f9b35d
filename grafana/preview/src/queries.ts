/** Asks a panel's query: finds its source and step, and fills in the variables. */
import { type DataFrame, rangeUtil } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import { builtIn, filler } from './interpolate';
import { askLoki } from './loki';
import type { PageState } from './page';
import { askPrometheus } from './prometheus';
import { findSource, type Question, type Target } from './sources';

const MOST_POINTS = 11_000; // Prometheus refuses more
const MOST_PIXELS = 1_500;

/** The answer as Grafana's data frames; throws an Error with the source's own words. */
export function askTarget(
  target: Target,
  panel: Partial<Panel>,
  { sources, variables, range }: Pick<PageState, 'sources' | 'variables' | 'range'>,
  width: number,
  signal?: AbortSignal,
): Promise<DataFrame[]> {
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const fill = filler(variables, builtIn(range));
  const reference = target.datasource ?? panel.datasource ?? {};
  const source = findSource(sources, reference.uid && fill(reference.uid), reference.type);
  const scrape = fill(target.interval || panel.interval || source.jsonData.timeInterval || '1s');
  const points = panel.maxDataPoints ?? Math.min(width, MOST_PIXELS);
  const span = (to - from) / 1000;
  const wanted = rangeUtil.calculateInterval(range, points, scrape).intervalMs / 1000;
  const step = Math.max(wanted, Math.ceil(span / MOST_POINTS));
  const tables = (panel.targets ?? []).filter((each) => each.format === 'table').length;
  const fillAll = filler(variables, { ...builtIn(range), ...intervals(step, scrape) });
  const question: Question = { target, source, from, to, step, tables, fill: fillAll, signal };
  return source.type === 'loki' ? askLoki(question) : askPrometheus(question);
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
