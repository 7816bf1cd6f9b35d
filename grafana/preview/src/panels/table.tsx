/** Grafana's table. Of several frames it shows the one that is chosen below it, as in Grafana. */
import { getFrameDisplayName } from '@grafana/data';
import { Combobox, type TableSortByFieldState } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { type ComponentProps, useState } from 'react';
import { fieldConfigOf } from '../fields';
import type { Drawing } from '../page';

interface Options {
  frameIndex?: number;
  showHeader?: boolean;
  sortBy?: TableSortByFieldState[];
  cellHeight?: ComponentProps<typeof TableNG>['cellHeight'];
  enablePagination?: boolean;
  frozenColumns?: { left?: number };
}

const CHOICE = 40; // pixels

export const Table: Drawing = ({ panel, frames, width, height, range }) => {
  const options = (panel.options ?? {}) as Options;
  const [chosen, choose] = useState(options.frameIndex ?? 0);
  const several = frames.length > 1;
  return (
    <>
      <TableNG
        {...{ width, timeRange: range, height: several ? height - CHOICE : height }}
        data={frames[chosen] ?? frames[0]}
        noHeader={options.showHeader === false}
        initialSortBy={options.sortBy}
        cellHeight={options.cellHeight}
        enablePagination={options.enablePagination}
        frozenColumns={options.frozenColumns?.left}
        fieldConfig={fieldConfigOf(panel)}
        structureRev={chosen}
      />
      {several && (
        <Combobox
          value={chosen}
          options={frames.map((frame, value) => ({ value, label: getFrameDisplayName(frame, value) }))}
          onChange={({ value }) => choose(value)}
        />
      )}
    </>
  );
};
