/** A board: its variables, and its panels where its JSON puts them. */
import { DashboardCursorSync, EventBusSrv, type TimeRange } from '@grafana/data';
import type { Dashboard, Panel, RowPanel } from '@grafana/schema';
import { Icon, PanelContextProvider } from '@grafana/ui';
import { type CSSProperties, useEffect, useMemo, useState } from 'react';
import { rangeParameters } from './address';
import { loadAnnotations } from './annotations';
import { Controls } from './controls';
import { builtIn, filler, parameter } from './interpolate';
import { BoardLinks } from './links';
import type { AnnotationEvent, PageState, View } from './page';
import { PanelView, Problems } from './panel';
import { useWidth } from './use-width';
import { type Choice, resolveVariables } from './variables';

const ROW = 30; // pixels, as Grafana has it
const GAP = 8;
const COLUMNS = 24;

interface Props extends View {
  board: Dashboard;
  boards: Dashboard[];
  parameters: URLSearchParams;
}

export function Board({ board, boards, sources, parameters, range, timeZone, theme }: Props) {
  const [choices, setChoices] = useState<Choice[]>();
  const [problem, setProblem] = useState('');
  const [annotations, setAnnotations] = useState<AnnotationEvent[]>([]);
  useEffect(() => {
    const failed = (error: Error) => setProblem(error.message);
    void (async () => {
      const variables = await resolveVariables(board, parameters, { sources, range });
      setProblem('');
      setChoices(variables);
      const color = (name: string) => theme.visualization.getColorByName(name);
      setAnnotations(await loadAnnotations(board, { sources, variables, range }, color));
    })().catch(failed);
  }, [board, parameters, sources, range, theme]);
  const page = useMemo(
    () => choices && { ...pageState(choices, board, range), sources, timeZone, theme, annotations },
    [choices, board, range, sources, timeZone, theme, annotations],
  );
  const context = useMemo(() => {
    const sync = () => (board.graphTooltip ?? DashboardCursorSync.Off) as DashboardCursorSync;
    return { eventsScope: '__global_', eventBus: new EventBusSrv(), sync };
  }, [board]);
  const [measured, width] = useWidth<HTMLElement>();
  const only = parameters.get('viewPanel')?.replace('panel-', '');
  return (
    <main ref={measured}>
      {problem && <Problems problems={[problem]} />}
      {page && choices && width > 0 && (
        <PanelContextProvider value={context}>
          <div className="controls">
            <Controls choices={choices} />
            <BoardLinks {...{ board, boards, page }} />
          </div>
          {sections(board).map(({ row, panels }) => (
            <Section key={row?.id ?? 'top'} {...{ row, panels, width, only, page }} />
          ))}
        </PanelContextProvider>
      )}
    </main>
  );
}

function pageState(
  variables: Choice[],
  board: Dashboard,
  range: TimeRange,
): Pick<PageState, 'variables' | 'range' | 'fill'> {
  const { from, to } = rangeParameters(range);
  const shown = variables.flatMap(({ name, all, values }) =>
    (all ? ['$__all'] : values).map((value) => parameter(`var-${name}`, value)),
  );
  const more = {
    __url_time_range: `${parameter('from', from)}&${parameter('to', to)}`,
    __all_variables: shown.join('&'),
    __dashboard: board.title ?? '',
    ...builtIn(range),
  };
  return { variables, range, fill: filler(variables, more) };
}

interface Part {
  row?: RowPanel;
  panels: Panel[];
}

/** The panels by the row that they stand below; a collapsed row holds its own. */
function sections(board: Dashboard): Part[] {
  const parts: Part[] = [{ panels: [] }];
  for (const panel of board.panels ?? []) {
    if (panel.type === 'row') {
      parts.push({ row: panel as RowPanel, panels: [...((panel as RowPanel).panels ?? [])] });
    } else {
      parts[parts.length - 1].panels.push(panel as Panel);
    }
  }
  return parts;
}

function Section({ row, panels, width, page, only }: Part & { width: number; page: PageState; only?: string }) {
  const [open, setOpen] = useState(!row?.collapsed);
  const unit = (width + GAP) / COLUMNS;
  const top = Math.min(...panels.map((panel) => panel.gridPos?.y ?? 0));
  const shown = only ? panels.filter((panel) => String(panel.id) === only) : open ? panels : [];
  return (
    <>
      {row && !only && (
        <h2>
          <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name={open ? 'angle-down' : 'angle-right'} /> {page.fill(row.title ?? '')}
          </button>
        </h2>
      )}
      <div className="grid">
        {shown.map((panel) => {
          const { x, y, w, h } = only
            ? { x: 0, y: top, w: COLUMNS, h: 20 }
            : (panel.gridPos ?? { x: 0, y: 0, w: 8, h: 8 });
          const place: CSSProperties = { gridColumn: `${x + 1} / span ${w}`, gridRow: `${y - top + 1} / span ${h}` };
          const [wide, high] = [Math.floor(unit * w - GAP), h * (ROW + GAP) - GAP];
          return (
            <div key={panel.id} style={place}>
              <PanelView {...{ panel, page, width: wide, height: high }} />
            </div>
          );
        })}
      </div>
    </>
  );
}
