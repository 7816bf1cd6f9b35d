/** A trace as Jaeger's query API gives it, put into the order in which its spans caused each other. */
import type { TimeRange } from '@grafana/data';
import { ask, type Source, type TraceSearch } from './sources';

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
  traceID: string;
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
  id: string;
  begin: number;
  duration: number;
  spans: Span[];
}

const isFailed = (tags: Tag[]) => tags.some(({ key, value }) => key === 'error' && String(value) === 'true');
const byStart = (one: JaegerSpan, other: JaegerSpan) => one.startTime - other.startTime;

export async function loadTrace(source: Source, id: string, signal?: AbortSignal): Promise<Trace> {
  const found = await ask<JaegerTrace[]>(source, `/api/traces/${encodeURIComponent(id)}`, {}, signal);
  return inOrder(found[0]);
}

/** The traces of a time range that have such a span, the longest first. */
export async function searchTraces(
  source: Source,
  { service, operation, tags, minDuration, limit = 20 }: TraceSearch,
  range: TimeRange,
  signal?: AbortSignal,
): Promise<Trace[]> {
  const [start, end] = [range.from, range.to].map((at) => String(at.valueOf() * 1000));
  const form: Record<string, string> = { service, start, end, limit: String(limit) };
  if (operation) {
    form.operation = operation;
  }
  if (minDuration) {
    form.minDuration = minDuration;
  }
  if (tags) {
    form.tags = JSON.stringify(readTags(tags));
  }
  const found = (await ask<JaegerTrace[] | null>(source, '/api/traces', form, signal)) ?? [];
  return found.map(inOrder).sort((one, other) => other.duration - one.duration);
}

/** name=value and name="a value", with spaces between them. */
function readTags(text: string): Record<string, string> {
  const found = text.matchAll(/([^\s=]+)=(?:"([^"]*)"|(\S*))/g);
  return Object.fromEntries([...found].map(([, name, quoted, plain]) => [name, quoted ?? plain]));
}

function inOrder({ traceID, spans, processes }: JaegerTrace): Trace {
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
  return { id: traceID, begin: begin / 1000, duration: (end - begin) / 1000, spans: below(undefined, 0) };
}
