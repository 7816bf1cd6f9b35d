/** The head of every page: title, the note that this is a preview, time range, refresh, dark or light. */
import { dateTime } from '@grafana/data';
import { Badge, RefreshPicker, TimeRangePicker, ToolbarButton } from '@grafana/ui';
import type { ReactNode } from 'react';
import { change, rangeParameters } from './address';
import type { View } from './page';

interface Props extends Omit<View, 'sources'> {
  title: string;
  refresh: string;
  onRefresh: () => void;
  onTheme: () => void;
  onTimeZone: (timeZone: string) => void;
  children?: ReactNode;
}

export function Toolbar({ title, range, timeZone, theme, refresh, onRefresh, onTheme, onTimeZone, children }: Props) {
  const span = range.to.valueOf() - range.from.valueOf();
  const set = (from: number, to: number) => change({ from: String(Math.round(from)), to: String(Math.round(to)) });
  const move = (by: number) => set(range.from.valueOf() + by, range.to.valueOf() + by);
  return (
    <header>
      <a href="/" className="home">
        Boards
      </a>
      <h1>{title}</h1>
      <Badge
        color="orange"
        text="Preview, not Grafana"
        tooltip="Grafana's server comes as a container image only. This page draws the same boards from the same data with Grafana's libraries: no log-in, no editing, no alerting pages."
      />
      {children}
      <span className="space" />
      <TimeRangePicker
        {...{ value: range, timeZone, onChangeTimeZone: onTimeZone }}
        onChange={(to) => change(rangeParameters(to))}
        onMoveBackward={() => move(-span / 2)}
        onMoveForward={() => move(span / 2)}
        onZoom={() =>
          set(range.from.valueOf() - span / 2, Math.min(range.to.valueOf() + span / 2, dateTime().valueOf()))
        }
      />
      <RefreshPicker
        value={refresh}
        onRefresh={onRefresh}
        onIntervalChanged={(every) => change({ refresh: every })}
        isOnCanvas
      />
      <ToolbarButton
        icon="adjust-circle"
        tooltip={theme.isDark ? 'Light' : 'Dark'}
        variant="canvas"
        onClick={onTheme}
      />
    </header>
  );
}
