/** What every drawing of a panel is given. */
import type { DataFrame, GrafanaTheme2, TimeRange } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import type { ComponentType } from 'react';
import type { AnnotationEvent } from '../annotations';
import type { Fill } from '../interpolate';
import type { Source } from '../sources';

export interface DrawingProps {
  panel: Panel;
  frames: DataFrame[];
  width: number;
  height: number;
  range: TimeRange;
  timeZone: string;
  theme: GrafanaTheme2;
  fill: Fill;
  annotations: AnnotationEvent[];
  sources: Source[];
}

export type Drawing = ComponentType<DrawingProps>;
