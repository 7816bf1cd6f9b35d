/** Log lines, newest first. A click opens a line's fields; + and − beside a field add it to the query as a filter. */
import { dateTimeFormat } from '@grafana/data';
import { type ReactNode, useState } from 'react';
import { exploreAddress, withField } from '../explore-address';
import type { LineFields } from '../loki';
import type { Drawing, DrawnPanel, PageState } from '../page';
import { type DerivedField, findSource } from '../sources';

const LEVEL_COLORS: Record<string, string> = {
  ...{ CRITICAL: 'purple', ERROR: 'red', WARNING: 'yellow', INFO: 'green', DEBUG: 'blue' },
};
const TIME = { format: 'YYYY-MM-DD HH:mm:ss.SSS' };

export const LogLines: Drawing = (props) => {
  const { frames, height, timeZone, theme } = props;
  const rows = frames.flatMap((frame) =>
    frame.fields[0].values.map((time: number, row: number) => ({
      time,
      body: String(frame.fields[1].values[row]),
      fields: frame.fields[2].values[row] as LineFields,
    })),
  );
  const query = frames[0]?.meta?.executedQueryString ?? '';
  return (
    <div className="lines" style={{ height }}>
      {rows.map(({ time, body, fields }, row) => {
        const level = (fields.labels.level ?? fields.others.level ?? '').toUpperCase();
        return (
          <Line
            key={row}
            color={theme.visualization.getColorByName(LEVEL_COLORS[level] ?? 'gray')}
            details={() => <Fields {...props} {...{ fields, body, query }} />}
          >
            <time>{dateTimeFormat(time, { ...TIME, timeZone })}</time>
            {body}
          </Line>
        );
      })}
    </div>
  );
};

interface LineProps {
  color: string;
  details: () => ReactNode;
  children: ReactNode;
}

/** A line. Its details are made when it is opened: making those of a thousand lines takes a browser long. */
function Line({ color, details, children }: LineProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details style={{ borderColor: color }} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{children}</summary>
      {isOpen && details()}
    </details>
  );
}

interface FieldsProps extends PageState, DrawnPanel {
  fields: LineFields;
  body: string;
  query: string;
}

function Fields({ fields, body, query, panel, range, sources, fill }: FieldsProps) {
  const { uid, jsonData } = findSource(sources, panel.datasource?.uid && fill(panel.datasource.uid), 'loki');
  const links = (jsonData.derivedFields ?? []).filter((each) => each.matcherType === 'label');
  const written = Object.entries(parsed(body)).filter(([name]) => !(name in fields.labels) && !(name in fields.others));
  const rows = [
    ...Object.entries(fields.labels).map(([name, value]) => ({ name, value, kind: 'label' as const })),
    ...Object.entries(fields.others).map(([name, value]) => ({ name, value, kind: 'field' as const })),
    ...written.map(([name, value]) => ({ name, value, kind: 'json' as const })),
  ];
  const open = (expr: string, datasource = uid) => exploreAddress({ datasource, expr, range });
  const follow = ({ url, datasourceUid }: DerivedField, value: string) =>
    datasourceUid
      ? open(url.replace('${__value.raw}', value), datasourceUid)
      : url.replace('${__value.raw}', encodeURIComponent(value));
  return (
    <table>
      <tbody>
        {rows.map(({ name, value, kind }) => (
          <tr key={`${kind} ${name}`}>
            <th>{name}</th>
            <td>
              <a href={open(withField(query, { kind, name, value, operator: '=' }))} title="Only lines with this value">
                +
              </a>{' '}
              <a href={open(withField(query, { kind, name, value, operator: '!=' }))} title="Without this value">
                −
              </a>
            </td>
            <td>
              {value}
              {links
                .filter((each) => each.matcherRegex === name)
                .map((each) => (
                  <a key={each.name} href={follow(each, value)} target={each.datasourceUid ? undefined : '_blank'}>
                    {each.urlDisplayLabel ?? each.name}
                  </a>
                ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The fields of a line that is a JSON object. */
function parsed(body: string): Record<string, string> {
  try {
    const value: unknown = JSON.parse(body);
    const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
    return Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, asText(each)]));
  } catch {
    return {};
  }
}

const asText = (value: unknown) => (value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value));
