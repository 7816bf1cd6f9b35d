/** Loki's answers: lines as one frame of time, body and fields; counted lines as series. */
import { type DataFrame, DataFrameType, FieldType, type Labels } from '@grafana/data';
import { inLogQL } from './interpolate';
import { type Answer, toFrames } from './prometheus';
import type { Question } from './queries';
import { ask } from './sources';

type Line = [nanoseconds: string, line: string, more?: { structuredMetadata?: Labels; parsed?: Labels }];
interface Streams {
  resultType: 'streams';
  result: { stream: Labels; values: Line[] }[];
}

/** A line's fields by where they come from; only `labels` choose the stream. */
export interface LineFields {
  labels: Labels;
  others: Labels;
}

const LINES = 1000; // where neither the query nor the data source says how many

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
  return {
    refId,
    length: lines.length,
    meta: { type: DataFrameType.LogLines, executedQueryString: query },
    fields: [
      {
        name: 'timestamp',
        type: FieldType.time,
        config: {},
        values: lines.map(({ time }) => Number(time.slice(0, -6))),
      },
      { name: 'body', type: FieldType.string, config: {}, values: lines.map(({ body }) => body) },
      { name: 'labels', type: FieldType.other, config: {}, values: lines.map(({ fields }) => fields) },
    ],
  };
}
