/** The traces that a search finds, the longest first. A click opens one. */
import { dateTimeFormat } from '@grafana/data';
import { useEffect, useState } from 'react';
import { exploreAddress } from './explore-address';
import { searchTraces, type Trace } from './jaeger';
import type { View } from './page';
import { Problems } from './panel';
import type { Source, TraceSearch } from './sources';
import { milliseconds } from './trace';

interface Props extends View {
  source: Source;
  search: TraceSearch;
}

export function Traces({ source, search, range, timeZone }: Props) {
  const [traces, setTraces] = useState<Trace[]>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    setTraces(undefined);
    setProblem('');
    searchTraces(source, search, range, abort.signal).then(
      setTraces,
      (error: Error) => abort.signal.aborted || setProblem(error.message),
    );
    return () => abort.abort();
  }, [source, search, range]);
  const state = problem ? 'problem' : traces ? (traces.length ? 'drawn' : 'empty') : 'loading';
  return (
    <section data-panel="1" data-kind="traces" data-state={state}>
      <h2>
        Traces of {search.service} {search.operation} {search.tags}
      </h2>
      {problem && <Problems problems={[problem]} />}
      {traces && !traces.length && <p>No trace of this time is kept.</p>}
      {traces && (
        <table className="traces">
          <tbody>
            {traces.map((trace) => (
              <tr key={trace.id}>
                <td>{dateTimeFormat(trace.begin, { timeZone })}</td>
                <td>
                  <a href={exploreAddress({ datasource: source.uid, expr: trace.id, range })}>{trace.spans[0].name}</a>
                </td>
                <td>{milliseconds(trace.duration)}</td>
                <td>{trace.spans.length} spans</td>
                <td>{trace.spans.some((span) => span.failed) && 'failed'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
