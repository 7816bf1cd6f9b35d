/** Prometheus' answers as Grafana's data frames: a frame per series, or one table. */
import { type DataFrame, DataFrameType, type Field, FieldType, type Labels } from '@grafana/data';
import { inPromQL } from './interpolate';
import { ask, type Question, type Target } from './sources';

type Point = [seconds: number, value: string];
export interface Answer {
  resultType: 'matrix' | 'vector' | 'scalar' | 'string' | 'streams';
  result: { metric: Labels; value?: Point; values?: Point[] }[];
}

export async function askPrometheus(question: Question): Promise<DataFrame[]> {
  const { target, source, from, to, step, tables, fill, signal } = question;
  const query = fill(target.expr, undefined, inPromQL);
  const isRange = !target.instant || target.range === true;
  const aligned = (time: number) => String(Math.floor(time / 1000 / step) * step);
  const times: Record<string, string> = isRange
    ? { start: aligned(from), end: aligned(to), step: String(step) }
    : { time: String(to / 1000) };
  const path = isRange ? '/api/v1/query_range' : '/api/v1/query';
  const frames = toFrames(await ask<Answer>(source, path, { query, ...times }, signal), target, query, step);
  return target.format === 'table' ? [toTable(frames, target.refId, tables)] : frames;
}

export function column(name: string, type: FieldType, values: unknown[], more: Partial<Field> = {}): Field {
  return { name, type, config: {}, values, ...more };
}

/** A frame per series. Where two points are further apart than `step` seconds, the drawing leaves a gap. */
export function toFrames(answer: Answer, target: Target, query: string, step: number): DataFrame[] {
  if (answer.resultType === 'scalar' || answer.resultType === 'string') {
    const single = { metric: {}, value: answer.result as unknown as Point };
    return toFrames({ resultType: 'vector', result: [single] }, target, query, step);
  }
  return answer.result.map(({ metric, value, values }) => {
    const points = values ?? (value ? [value] : []);
    const times = points.map(([time]) => time * 1000);
    const numbers = points.map(([, number]) => toNumber(number));
    const displayNameFromDS = legend(target.legendFormat, metric, query);
    return {
      refId: target.refId,
      length: points.length,
      meta: { type: DataFrameType.TimeSeriesMulti, executedQueryString: query },
      fields: [
        column('Time', FieldType.time, times, { config: { interval: step * 1000 } }),
        column('Value', FieldType.number, numbers, { labels: metric, config: { displayNameFromDS } }),
      ],
    };
  });
}

function toNumber(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

function legend(format: string | undefined, metric: Labels, query: string): string | undefined {
  if (format && format !== '__auto') {
    return withLabels(format, metric);
  }
  return Object.keys(metric).length ? undefined : query;
}

/** Fills `{{label}}` in. */
export function withLabels(format: string, labels: Labels): string {
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
}

/** One row per point of every series, one column per label. */
function toTable(frames: DataFrame[], refId: string, tables: number): DataFrame {
  const rows = frames.flatMap(({ fields: [times, numbers] }) =>
    times.values.map((time: number, row: number) => ({
      time,
      value: numbers.values[row] as number,
      labels: numbers.labels ?? {},
    })),
  );
  const labels = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))].sort();
  const times = rows.map(({ time }) => time);
  const values = rows.map(({ value }) => value);
  const named = (name: string) => rows.map((row) => row.labels[name]);
  const fields = [
    column('Time', FieldType.time, times),
    ...labels.map((name) => column(name, FieldType.string, named(name))),
    column(tables > 1 ? `Value #${refId}` : 'Value', FieldType.number, values),
  ];
  return { refId, length: rows.length, fields };
}
