/** One panel: asks its queries, prepares the answer and draws it, or says what it can't draw. */
import { type DataFrame, LoadingState } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import { ErrorBoundary, PanelChrome } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { prepare, unknownParts } from './fields';
import { Links } from './links';
import type { Drawing, PageState } from './page';
import { LogLines } from './panels/logs';
import { Bars, Gauge, Stat } from './panels/singles';
import { Table } from './panels/table';
import { Lines } from './panels/timeseries';
import { askTarget } from './queries';
import type { Target } from './sources';

const DRAWINGS: Record<string, Drawing> = {
  ...{ timeseries: Lines, stat: Stat, bargauge: Bars, gauge: Gauge, table: Table, logs: LogLines },
};
const WIDTH_STEP = 100; // pixels: the queries are not asked again at every pixel of a resize

interface Result {
  frames: DataFrame[];
  problems: string[];
  state: 'loading' | 'done';
}

interface Props {
  panel: Panel;
  width: number;
  height: number;
  page: PageState;
}

export function PanelView({ panel, width, height, page }: Props) {
  const { frames, problems, state } = useAnswer(panel, Math.ceil(width / WIDTH_STEP) * WIDTH_STEP, page);
  const Draw = DRAWINGS[panel.type];
  const isEmpty = frames.every((frame) => frame.length === 0);
  const shown = problems.length ? 'problem' : state === 'loading' && isEmpty ? 'loading' : isEmpty ? 'empty' : 'drawn';
  return (
    <section data-panel={panel.id} data-kind={panel.type} data-state={state === 'loading' ? state : shown}>
      <PanelChrome
        {...{ width, height }}
        title={page.fill(panel.title ?? '')}
        description={panel.description && page.fill(panel.description)}
        displayMode={panel.transparent ? 'transparent' : 'default'}
        loadingState={state === 'loading' ? LoadingState.Loading : LoadingState.Done}
        statusMessage={problems.join('\n') || undefined}
        titleItems={panel.links?.length ? <Links links={panel.links} page={page} /> : undefined}
      >
        {(innerWidth: number, innerHeight: number) => {
          if (shown === 'problem') {
            return <Problems problems={problems} />;
          }
          if (shown !== 'drawn') {
            return (
              <div className="empty">{shown === 'empty' && (panel.fieldConfig?.defaults.noValue ?? 'No data')}</div>
            );
          }
          return (
            <ErrorBoundary boundaryName="panel" dependencies={[frames]}>
              {({ error }) =>
                error ? (
                  <Problems problems={[`The preview can't draw this: ${error.message}`]} />
                ) : (
                  <Draw {...{ panel, frames, ...page }} {...{ width: innerWidth, height: innerHeight }} />
                )
              }
            </ErrorBoundary>
          );
        }}
      </PanelChrome>
    </section>
  );
}

export function Problems({ problems }: { problems: string[] }) {
  return (
    <div className="problem" role="alert">
      {problems.map((problem) => (
        <p key={problem}>{problem}</p>
      ))}
    </div>
  );
}

function useAnswer(panel: Panel, width: number, page: PageState): Result {
  const [result, setResult] = useState<Result>({ frames: [], problems: [], state: 'loading' });
  const { sources, variables, range, theme, timeZone, fill } = page;
  useEffect(() => {
    const abort = new AbortController();
    setResult((before) => ({ ...before, state: 'loading' }));
    void answer(panel, width, { sources, variables, range, theme, timeZone, fill }, abort.signal).then((found) => {
      if (!abort.signal.aborted) {
        setResult({ ...found, state: 'done' });
      }
    });
    return () => abort.abort();
  }, [panel, width, sources, variables, range, theme, timeZone, fill]);
  return result;
}

type Asked = Omit<PageState, 'annotations'>;

/** Never rejects: an error becomes a sentence in the panel. */
async function answer(panel: Panel, width: number, page: Asked, signal: AbortSignal): Promise<Omit<Result, 'state'>> {
  const unknown = DRAWINGS[panel.type]
    ? unknownParts(panel)
    : [`The preview doesn't know panels of the kind "${panel.type}".`];
  if (unknown.length) {
    return { frames: [], problems: unknown };
  }
  const targets = ((panel.targets ?? []) as unknown as Target[]).filter((target) => !target.hide);
  const ask = async (target: Target) => askTarget(target, panel, page, width, signal);
  try {
    const answers = await Promise.allSettled(targets.map(ask));
    const problems = answers.flatMap((each) => (each.status === 'rejected' ? [String(each.reason.message)] : []));
    const frames = answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    return { frames: problems.length ? [] : await prepare(frames, panel, page), problems };
  } catch (error) {
    return { frames: [], problems: [(error as Error).message] };
  }
}
