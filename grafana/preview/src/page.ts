/** What the parts of a page share, and what the drawing of a panel is given. */
import type { DataFrame, GrafanaTheme2, TimeRange } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import type { ComponentType } from 'react';
import type { Fill, Variable } from './interpolate';
import type { Source } from './sources';

export interface View {
  sources: Source[];
  range: TimeRange;
  timeZone: string;
  theme: GrafanaTheme2;
}

export interface AnnotationEvent {
  from: number;
  to: number;
  title: string;
  color: string;
}

/** A new object makes every panel ask its queries again. */
export interface PageState extends View {
  variables: Variable[];
  fill: Fill;
  annotations: AnnotationEvent[];
}

export type Drawing = ComponentType<PageState & DrawnPanel>;

export interface DrawnPanel {
  panel: Panel;
  frames: DataFrame[];
  width: number;
  height: number;
}
