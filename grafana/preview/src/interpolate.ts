/** Fills in `$name` and `${name.path:format}` as Grafana does; an unknown name stays as it is. */
import { type DataContextScopedVar, getFieldDisplayName, type ScopedVars, type TimeRange } from '@grafana/data';

export interface Variable {
  name: string;
  values: string[];
  /** Whether "All" is chosen. */
  all: boolean;
  allValue?: string;
  many: boolean;
}

export type Format = (values: string[], variable: Variable) => string;
export type Fill = (text: string, scoped?: ScopedVars, format?: string | Function) => string;

const PATTERN = /\$(\w+)|\$\{(\w+)(?:\.([^:}]+))?(?::([^}]+))?\}/g;
const escapeRegex = (value: string) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');

const FORMATS: Record<string, Format> = {
  glob: (values) => (values.length > 1 ? `{${values.join(',')}}` : values.join('')),
  raw: (values) => values.join(','),
  csv: (values) => values.join(','),
  text: (values) => values.join(' + '),
  pipe: (values) => values.join('|'),
  regex: (values) => (values.length > 1 ? `(${values.map(escapeRegex).join('|')})` : values.map(escapeRegex).join('')),
  json: (values) => JSON.stringify(values.length > 1 ? values : values[0]),
  doublequote: (values) => values.map((value) => `"${value.replaceAll('"', '\\"')}"`).join(','),
  percentencode: (values) => encodeURIComponent(FORMATS.glob(values, {} as Variable)),
  uriencode: (values) => encodeURI(FORMATS.glob(values, {} as Variable)),
  singlequote: (values) => values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(','),
  queryparam: (values, variable) => values.map((value) => parameter(`var-${variable.name}`, value)).join('&'),
};

export const parameter = (name: string, value: string) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;

/** A variable that may have several values becomes a regular expression inside a string of PromQL or LogQL. */
const inQuery =
  (open: string, close: string): Format =>
  (values, variable) => {
    const plain = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    if (!variable.many) {
      return values.map(plain).join('|');
    }
    const escaped = values.map((value) => escapeRegex(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"'));
    return escaped.length > 1 ? open + escaped.join('|') + close : escaped.join('');
  };
export const inPromQL = inQuery('(', ')');
export const inLogQL = inQuery('', '');

/** The variables that Grafana has built in for a time range. */
export function builtIn({ from, to }: TimeRange): Record<string, string> {
  const span = to.valueOf() - from.valueOf();
  return {
    __from: String(from.valueOf()),
    __to: String(to.valueOf()),
    __range: `${Math.round(span / 1000)}s`,
    __range_s: String(Math.round(span / 1000)),
    __range_ms: String(span),
  };
}

/** A function that fills in variables, those that Grafana has built in, and values of a field or a row. */
export function filler(variables: Variable[], builtIn: Record<string, string>): Fill {
  return (text, scoped, format) =>
    text.replace(PATTERN, (match, plain?: string, braced?: string, path?: string, wanted?: string) => {
      const name = plain ?? braced ?? '';
      const known = builtIn[name] ?? fromData(scoped, name, path);
      const variable: Variable | undefined =
        known === undefined
          ? variables.find((each) => each.name === name)
          : { name, values: [known], all: false, many: false };
      if (!variable) {
        return match;
      }
      if (variable.all && wanted === 'queryparam') {
        return parameter(`var-${name}`, '$__all');
      }
      if (variable.all && variable.allValue !== undefined) {
        return variable.allValue;
      }
      const chosen = wanted === undefined ? (format ?? 'glob') : wanted;
      const how = typeof chosen === 'function' ? (chosen as Format) : FORMATS[chosen];
      if (!how) {
        throw new Error(`The preview doesn't know the variable format "${String(chosen)}".`);
      }
      return how(variable.values, variable);
    });
}

/** `${__field.labels.name}` and `${__data.fields.name}`: the label of a field, the column of a row. */
function fromData(scoped: ScopedVars | undefined, name: string, path = ''): string | undefined {
  const context = scoped?.__dataContext as DataContextScopedVar | undefined;
  const [kind, wanted] = path.split('.');
  if (context && name === '__field' && kind === 'labels') {
    return context.value.field.labels?.[wanted] ?? '';
  }
  if (context && name === '__data' && kind === 'fields') {
    const { frame, rowIndex, data } = context.value;
    const column = frame.fields.find(
      (each) => each.name === wanted || getFieldDisplayName(each, frame, data) === wanted,
    );
    return column && String(column.values[rowIndex ?? 0]);
  }
  return undefined;
}
