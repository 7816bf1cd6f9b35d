/** Grafana's table of one frame; several are told, because a board merges them. */
import type { TableSortByFieldState } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import type { ComponentProps } from 'react';
import { fieldConfigOf } from '../fields';
import type { Drawing } from '../page';

interface Options {
  sortBy?: TableSortByFieldState[];
  cellHeight?: ComponentProps<typeof TableNG>['cellHeight'];
}

export const Table: Drawing = ({ panel, frames, width, height, range }) => {
  if (frames.length > 1) {
    throw new Error(`a table of ${frames.length} queries that no transformation merges`);
  }
  const { sortBy, cellHeight } = (panel.options ?? {}) as Options;
  return (
    <TableNG
      {...{ width, height, cellHeight, timeRange: range, data: frames[0], initialSortBy: sortBy }}
      fieldConfig={fieldConfigOf(panel)}
      structureRev={0}
    />
  );
};
