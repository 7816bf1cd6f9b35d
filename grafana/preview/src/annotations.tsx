/** The board's annotations: each stretch of time in which a query's series is above 0 is marked on every graph. */
import { dateTimeFormat } from '@grafana/data';
import type { Dashboard, Panel } from '@grafana/schema';
import type { UPlotConfigBuilder } from '@grafana/ui';
import { useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import type { AnnotationEvent, PageState } from './page';
import { withLabels } from './prometheus';
import { askTarget } from './queries';
import type { Target } from './sources';

interface Query {
  name: string;
  enable: boolean;
  iconColor: string;
  datasource?: Target['datasource'];
  expr?: string;
  step?: string;
  titleFormat?: string;
}

const WIDTH = 200; // points per query: enough for marks

export async function loadAnnotations(
  board: Dashboard,
  state: Pick<PageState, 'sources' | 'variables' | 'range'>,
  color: (name: string) => string,
): Promise<AnnotationEvent[]> {
  const queries = (board.annotations?.list ?? []) as unknown as Query[];
  const answers = queries
    .filter((query) => query.enable && query.expr)
    .map(async (query) => {
      const target = { refId: 'Annotation', expr: query.expr ?? '', interval: query.step || '10s' };
      const frames = await askTarget(target, { datasource: query.datasource } as Partial<Panel>, state, WIDTH);
      return frames.flatMap((frame) => {
        const [time, value] = frame.fields;
        const title = withLabels(query.titleFormat || query.name, value.labels ?? {}).trim();
        const times: number[] = time.values.filter((_: number, row: number) => value.values[row] > 0);
        const found = stretches(times, Number(time.config.interval));
        return found.map(([from, to]) => ({ from, to, title, color: color(query.iconColor) }));
      });
    });
  return (await Promise.all(answers)).flat();
}

function stretches(times: number[], gap: number): [number, number][] {
  const found: [number, number][] = [];
  for (const time of times) {
    const last = found.at(-1);
    if (last && time - last[1] <= gap) {
      last[1] = time;
    } else {
      found.push([time, time]);
    }
  }
  return found;
}

interface Marks {
  config: UPlotConfigBuilder;
  events: AnnotationEvent[];
  timeZone: string;
}

/** A dashed line at the start of each stretch, and below the axis a bar that shows its title under the pointer. */
export function AnnotationMarks({ config, events, timeZone }: Marks) {
  const latest = useRef(events);
  latest.current = events;
  const [plot, setPlot] = useState<uPlot>();
  const [, redraw] = useState(0);
  useLayoutEffect(() => {
    config.addHook('init', setPlot);
    config.addHook('draw', (u) => {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.setLineDash([4, 4]);
      for (const { from, color } of latest.current) {
        const x = u.valToPos(from, 'x', true);
        if (x >= bbox.left && x <= bbox.left + bbox.width) {
          ctx.strokeStyle = color;
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
        }
      }
      ctx.restore();
      redraw((count) => count + 1);
    });
  }, [config]);
  useLayoutEffect(() => plot?.redraw(), [plot, events]);
  if (!plot?.over) {
    return null;
  }
  const width = plot.over.clientWidth;
  const place = (time: number) => Math.min(Math.max(plot.valToPos(time, 'x'), 0), width);
  const text = (event: AnnotationEvent) => `${dateTimeFormat(event.from, { timeZone })} ${event.title}`;
  return createPortal(
    events.map((event) => {
      const left = place(event.from);
      const style = { left: left - 3, width: Math.max(place(event.to) - left, 6), background: event.color };
      return <div key={`${event.from} ${event.title}`} className="annotation" title={text(event)} style={style} />;
    }),
    plot.over,
  );
}
