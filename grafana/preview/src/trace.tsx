/** A trace as a waterfall: a row a span, below the one that caused it, and below them all the lines of its request. */
import { dateTime, dateTimeFormat, rangeUtil } from '@grafana/data';
import type { Dashboard } from '@grafana/schema';
import { useEffect, useMemo, useState } from 'react';
import { Board } from './board';
import { exploreAddress } from './explore-address';
import { type Span, type Trace, loadTrace } from './jaeger';
import type { View } from './page';
import { Problems } from './panel';
import type { Source } from './sources';

/** What a trace's lines may lie before its beginning and after its end, in milliseconds. */
const AROUND = 60_000;
const NO_PARAMETERS = new URLSearchParams();

interface Props extends View {
  source: Source;
  id: string;
}

export function TraceView({ source, id, ...view }: Props) {
  const [trace, setTrace] = useState<Trace>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    setTrace(undefined);
    setProblem('');
    loadTrace(source, id, abort.signal).then(
      setTrace,
      (error: Error) => abort.signal.aborted || setProblem(error.message),
    );
    return () => abort.abort();
  }, [source, id]);
  const state = problem ? 'problem' : trace ? 'drawn' : 'loading';
  return (
    <section data-panel="1" data-kind="trace" data-state={state}>
      <h2>Trace {id}</h2>
      {problem && <Problems problems={[problem]} />}
      {trace && (
        <>
          <p>
            {dateTimeFormat(trace.begin, { timeZone: view.timeZone })}, {milliseconds(trace.duration)},{' '}
            {trace.spans.length} spans of {[...new Set(trace.spans.map((span) => span.service))].join(', ')}.{' '}
            <Lines {...{ source, id, trace }} />
          </p>
          {trace.spans.map((span) => (
            <Row key={span.id} {...{ span, trace, ...view }} />
          ))}
          <LinesOfRequest {...{ source, trace, ...view }} />
        </>
      )}
    </section>
  );
}

function rangeAround(trace: Trace) {
  const [from, to] = [trace.begin - AROUND, trace.begin + trace.duration + AROUND];
  return rangeUtil.convertRawToRange({ from: dateTime(from), to: dateTime(to) });
}

/** The lines of the request that the trace began with, in all services. */
function LinesOfRequest({ source, trace, ...view }: View & { source: Source; trace: Trace }) {
  const uid = source.jsonData.tracesToLogsV2?.datasourceUid;
  const request = trace.spans.map(({ tags }) => tags.request_id).find(Boolean);
  const range = useMemo(() => rangeAround(trace), [trace]);
  const board = useMemo(() => {
    const target = { refId: 'A', expr: `{service=~".+"} | request_id=${JSON.stringify(request)}` };
    const lines = { id: 2, type: 'logs', title: 'Log lines of its request', gridPos: { h: 12, w: 24, x: 0, y: 0 } };
    return { panels: [{ ...lines, datasource: { type: 'loki', uid }, targets: [target] }] } as unknown as Dashboard;
  }, [uid, request]);
  return uid && request && <Board {...{ board, boards: [], parameters: NO_PARAMETERS }} {...view} range={range} />;
}

/** The link that the source is provisioned with, from a trace to its log lines. */
function Lines({ source, id, trace }: { source: Source; id: string; trace: Trace }) {
  const { datasourceUid, query } = source.jsonData.tracesToLogsV2 ?? {};
  if (!datasourceUid || !query) {
    return null;
  }
  const range = rangeAround(trace);
  const expr = query.replace('${__trace.traceId}', id);
  return <a href={exploreAddress({ datasource: datasourceUid, expr, range })}>Its log lines</a>;
}

function Row({ span, trace, theme }: { span: Span; trace: Trace } & View) {
  const [isOpen, setOpen] = useState(false);
  const color = span.failed ? theme.colors.error.main : theme.colors.primary.main;
  const share = (part: number) => `${(100 * part) / (trace.duration || 1)}%`;
  return (
    <details className="span" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary data-failed={span.failed}>
        <span style={{ paddingLeft: 16 * span.depth }}>
          <b>{span.service}</b> {span.name}
        </span>
        <span>
          <span style={{ marginLeft: share(span.start), width: share(span.duration), background: color }} />
        </span>
        <span>
          {milliseconds(span.duration)}
          {span.failed && ' failed'}
        </span>
      </summary>
      {isOpen && (
        <table>
          <tbody>
            {Object.entries(span.tags).map(([name, value]) => (
              <tr key={name}>
                <th>{name}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}

export const milliseconds = (value: number) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
