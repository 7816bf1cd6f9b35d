/** A trace as Jaeger's query API gives it, put into the order in which its spans caused each other. */
import { ask, type Source } from './sources';

interface Tag {
  key: string;
  value: unknown;
}

interface JaegerSpan {
  spanID: string;
  operationName: string;
  references: { refType: string; spanID: string }[];
  /** Microseconds, as `duration`. */
  startTime: number;
  duration: number;
  tags: Tag[];
  processID: string;
}

interface JaegerTrace {
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string }>;
}

export interface Span {
  id: string;
  name: string;
  service: string;
  depth: number;
  /** Milliseconds since the trace began. */
  start: number;
  duration: number;
  failed: boolean;
  tags: Record<string, string>;
}

export interface Trace {
  begin: number;
  duration: number;
  spans: Span[];
}

const isFailed = (tags: Tag[]) => tags.some(({ key, value }) => key === 'error' && String(value) === 'true');
const byStart = (one: JaegerSpan, other: JaegerSpan) => one.startTime - other.startTime;

export async function loadTrace(source: Source, id: string, signal?: AbortSignal): Promise<Trace> {
  const found = await ask<JaegerTrace[]>(source, `/api/traces/${encodeURIComponent(id)}`, {}, signal);
  const { spans, processes } = found[0];
  const begin = Math.min(...spans.map((span) => span.startTime));
  const ids = new Set(spans.map((span) => span.spanID));
  const parentOf = (span: JaegerSpan) => span.references.find((each) => ids.has(each.spanID))?.spanID;
  const below = (parent: string | undefined, depth: number): Span[] =>
    spans
      .filter((span) => parentOf(span) === parent)
      .sort(byStart)
      .flatMap((span) => [
        {
          id: span.spanID,
          name: span.operationName,
          service: processes[span.processID].serviceName,
          depth,
          start: (span.startTime - begin) / 1000,
          duration: span.duration / 1000,
          failed: isFailed(span.tags),
          tags: Object.fromEntries(span.tags.map(({ key, value }) => [key, String(value)])),
        },
        ...below(span.spanID, depth + 1),
      ]);
  const end = Math.max(...spans.map((span) => span.startTime + span.duration));
  return { begin: begin / 1000, duration: (end - begin) / 1000, spans: below(undefined, 0) };
}
