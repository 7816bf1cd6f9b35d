/** Loki's answers: lines as one frame of time, body and fields; counted lines as series. */
import { type DataFrame, DataFrameType, FieldType, type Labels } from '@grafana/data';
import { inLogQL } from './interpolate';
import { type Answer, column, toFrames } from './prometheus';
import { ask, type Question } from './sources';

type Line = [nanoseconds: string, line: string, more?: { structuredMetadata?: Labels; parsed?: Labels }];
interface Streams {
  resultType: 'streams';
  result: { stream: Labels; values: Line[] }[];
}

/** A line's fields by their origin; only `labels` may stand in a stream selector. */
export interface LineFields {
  labels: Labels;
  others: Labels;
}

const LINES = 1000; // unless the query or the data source has a limit of its own

export async function askLoki(question: Question): Promise<DataFrame[]> {
  const { target, source, from, to, step, fill, signal } = question;
  const query = fill(target.expr, undefined, inLogQL);
  const limit = String(target.maxLines ?? source.jsonData.maxLines ?? LINES);
  const instant = target.queryType === 'instant' || target.instant;
  const times: Record<string, string> = instant
    ? { time: nano(to) }
    : { start: nano(from), end: nano(to), step: String(step) };
  const path = instant ? '/loki/api/v1/query' : '/loki/api/v1/query_range';
  const answer = await ask<Answer | Streams>(source, path, { query, limit, direction: 'backward', ...times }, signal);
  return isLines(answer) ? [toLines(answer, target.refId, query)] : toFrames(answer, target, query, step);
}

const nano = (milliseconds: number) => `${Math.round(milliseconds)}000000`;

function isLines(answer: Answer | Streams): answer is Streams {
  return answer.resultType === 'streams';
}

function toLines(answer: Streams, refId: string, query: string): DataFrame {
  const lines = answer.result
    .flatMap(({ stream, values }) =>
      values.map(([time, body, more]) => ({
        time: time.padStart(19, '0'),
        body,
        fields: { labels: stream, others: { ...more?.structuredMetadata, ...more?.parsed } } satisfies LineFields,
      })),
    )
    .sort((a, b) => b.time.localeCompare(a.time));
  const milliseconds = lines.map(({ time }) => Number(time.slice(0, -6)));
  const bodies = lines.map(({ body }) => body);
  const labels = lines.map(({ fields }) => fields);
  return {
    refId,
    length: lines.length,
    meta: { type: DataFrameType.LogLines, executedQueryString: query },
    fields: [
      column('timestamp', FieldType.time, milliseconds),
      column('body', FieldType.string, bodies),
      column('labels', FieldType.other, labels),
    ],
  };
}
