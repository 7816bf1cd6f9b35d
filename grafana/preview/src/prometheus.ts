/** Prometheus' answers as Grafana's data frames: a frame per series, or one table. */
import { type DataFrame, DataFrameType, type Field, FieldType, type Labels } from '@grafana/data';
import { inPromQL } from './interpolate';
import type { Question, Target } from './queries';
import { ask } from './sources';

type Point = [seconds: number, value: string];
export interface Answer {
  resultType: 'matrix' | 'vector' | 'scalar' | 'string' | 'streams';
  result: { metric: Labels; value?: Point; values?: Point[] }[];
}

export async function askPrometheus(question: Question): Promise<DataFrame[]> {
  const { target, source, from, to, step, fill, signal } = question;
  const query = fill(target.expr, undefined, inPromQL);
  if (target.format === 'heatmap') {
    throw new Error('The preview does not draw heat maps.');
  }
  const isRange = !target.instant || target.range === true;
  const aligned = (time: number) => String(Math.floor(time / 1000 / step) * step);
  const answer = isRange
    ? await ask<Answer>(
        source,
        '/api/v1/query_range',
        { query, start: aligned(from), end: aligned(to), step: String(step) },
        signal,
      )
    : await ask<Answer>(source, '/api/v1/query', { query, time: String(to / 1000) }, signal);
  const frames = toFrames(answer, target, query, step);
  return target.format === 'table' ? [toTable(frames, target, question.tables)] : frames;
}

/** A frame per series; `step` in seconds tells the drawing what a gap is. */
export function toFrames(answer: Answer, target: Target, query: string, step: number): DataFrame[] {
  if (answer.resultType === 'scalar' || answer.resultType === 'string') {
    const single = { metric: {}, value: answer.result as unknown as Point };
    return toFrames({ resultType: 'vector', result: [single] }, target, query, step);
  }
  return answer.result.map(({ metric, value, values }) => {
    const points = values ?? (value ? [value] : []);
    return {
      refId: target.refId,
      length: points.length,
      meta: { type: DataFrameType.TimeSeriesMulti, executedQueryString: query },
      fields: [
        {
          name: 'Time',
          type: FieldType.time,
          config: { interval: step * 1000 },
          values: points.map(([time]) => time * 1000),
        },
        {
          name: 'Value',
          type: FieldType.number,
          labels: metric,
          config: { displayNameFromDS: legend(target.legendFormat, metric, query) },
          values: points.map(([, number]) => toNumber(number)),
        },
      ],
    };
  });
}

function toNumber(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

function legend(format: string | undefined, metric: Labels, query: string): string | undefined {
  if (format && format !== '__auto') {
    return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => metric[label] ?? '');
  }
  return Object.keys(metric).length ? undefined : query;
}

function toTable(frames: DataFrame[], target: Target, tables: number): DataFrame {
  const labels = [...new Set(frames.flatMap((frame) => Object.keys(frame.fields[1].labels ?? {})))].sort();
  const column = (name: string, type: FieldType, values: unknown[]): Field => ({ name, type, config: {}, values });
  const rows = frames.flatMap((frame) =>
    frame.fields[0].values.map((time: number, row: number) => ({
      time,
      value: frame.fields[1].values[row],
      of: frame,
    })),
  );
  const fields = [
    column(
      'Time',
      FieldType.time,
      rows.map((row) => row.time),
    ),
    ...labels.map((name) =>
      column(
        name,
        FieldType.string,
        rows.map((row) => row.of.fields[1].labels?.[name]),
      ),
    ),
    column(
      tables > 1 ? `Value #${target.refId}` : 'Value',
      FieldType.number,
      rows.map((row) => row.value),
    ),
  ];
  return { refId: target.refId, length: rows.length, fields };
}
