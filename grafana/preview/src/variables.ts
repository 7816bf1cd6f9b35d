/** A board's variables: the values that each offers, and those that the address or the board has chosen. */
import type { Dashboard, VariableModel } from '@grafana/schema';
import { builtIn, filler, inPromQL, type Variable } from './interpolate';
import type { View } from './page';
import { ask, findSource } from './sources';

export const ALL = '$__all';

export interface Choice extends Variable {
  model: VariableModel;
  options: { text: string; value: string }[];
}

type Place = Pick<View, 'sources' | 'range'>;

/** Resolves them one after the other, because a variable's query may name an earlier one. */
export async function resolveVariables(board: Dashboard, chosen: URLSearchParams, place: Place): Promise<Choice[]> {
  const found: Choice[] = [];
  for (const model of board.templating?.list ?? []) {
    const options = await optionsOf(model, found, place);
    found.push(choose(model, options, chosen.getAll(`var-${model.name}`)));
  }
  return found;
}

/** Whether a variable's query names another one. */
export function dependsOn(model: VariableModel, name: string): boolean {
  return new RegExp(`\\$(${name}\\b|\\{${name}[:}])`).test(String(model.query ?? ''));
}

function choose(model: VariableModel, options: Choice['options'], fromAddress: string[]): Choice {
  const fromBoard = [model.current?.value ?? []].flat().map(String);
  const known = (value: string) => value === ALL || options.some((option) => option.value === value);
  const wanted = fromAddress.length ? fromAddress : fromBoard.filter(known);
  const isAll =
    Boolean(model.includeAll) && (wanted.length === 0 || wanted.some((value) => value === ALL || value === 'All'));
  const first = options.slice(0, 1).map((option) => option.value);
  const values = isAll ? options.map((option) => option.value) : wanted.length ? wanted : first;
  return {
    ...{ model, options, values, name: model.name, all: isAll },
    allValue: model.allValue || undefined,
    many: Boolean(model.multi || model.includeAll),
  };
}

async function optionsOf(model: VariableModel, earlier: Choice[], place: Place): Promise<Choice['options']> {
  const text = String(model.query ?? '');
  if (model.regex) {
    throw new Error(`The preview doesn't know the regular expression of the variable ${model.name}.`);
  }
  switch (model.type) {
    case 'datasource':
      return place.sources.filter(({ type }) => type === text).map(({ name, uid }) => ({ text: name, value: uid }));
    case 'query': {
      const values = await ofQuery(model, text, earlier, place);
      return values.sort((a, b) => a.localeCompare(b, 'en')).map((value) => ({ text: value, value }));
    }
    default:
      throw new Error(`The preview doesn't know variables of the kind "${model.type}" (${model.name}).`);
  }
}

async function ofQuery(model: VariableModel, text: string, earlier: Choice[], { sources, range }: Place) {
  const fill = filler(earlier, builtIn(range));
  const source = findSource(sources, model.datasource?.uid && fill(model.datasource.uid), model.datasource?.type);
  const query = fill(text, undefined, inPromQL);
  const labelValues = /^label_values\(\s*(?:(.+),)?\s*(\w+)\s*\)$/s.exec(query);
  if (!labelValues) {
    throw new Error(`The preview doesn't know the query of the variable ${model.name}: ${query}`);
  }
  const [, selector, label] = labelValues;
  const [base, filter] = source.type === 'loki' ? ['/loki/api/v1', 'query'] : ['/api/v1', 'match[]'];
  return ask<string[]>(source, `${base}/label/${label}/values`, {
    ...(selector && { [filter]: selector.trim() }),
    start: String(range.from.valueOf() / 1000),
    end: String(range.to.valueOf() / 1000),
  });
}
