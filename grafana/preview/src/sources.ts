/** The data sources as they are provisioned for Grafana, asked through the server's read-only proxy. */
import { parse } from 'yaml';
import type { Fill } from './interpolate';

export interface DerivedField {
  name: string;
  matcherType?: string;
  matcherRegex: string;
  datasourceUid?: string;
  url: string;
  urlDisplayLabel?: string;
}

export interface Source {
  uid: string;
  name: string;
  type: 'prometheus' | 'loki' | 'jaeger';
  jsonData: {
    timeInterval?: string;
    maxLines?: number;
    derivedFields?: DerivedField[];
    tracesToLogsV2?: { datasourceUid?: string; query?: string };
  };
}

/** One query of a panel, as the board's JSON has it. */
export interface Target {
  refId: string;
  expr: string;
  hide?: boolean;
  datasource?: { type?: string; uid?: string };
  format?: 'time_series' | 'table';
  instant?: boolean;
  range?: boolean;
  interval?: string;
  legendFormat?: string;
  queryType?: string;
  maxLines?: number;
}

/** A query with all that its source needs to answer it; times in milliseconds, `step` in seconds. */
export interface Question {
  target: Target;
  source: Source;
  from: number;
  to: number;
  step: number;
  /** How many of the panel's queries answer with a table. */
  tables: number;
  fill: Fill;
  signal?: AbortSignal;
}

/** A search for traces, as Grafana's Jaeger source keeps it in the addresses of Explore. */
export interface TraceSearch {
  service: string;
  operation?: string;
  /** name=value, with spaces between them; a value may stand in quotation marks. */
  tags?: string;
  minDuration?: string;
  limit?: number;
}

const FILES = ['metrics.yml', 'logs.yml'];
const KINDS = ['prometheus', 'loki', 'jaeger'];

/** The text of an answer; an error status is thrown with the server's own words. */
async function getText(address: string, init?: RequestInit): Promise<string> {
  const answer = await fetch(address, init);
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(reason(text) || `${answer.status} ${answer.statusText}`);
  }
  return text;
}

export async function getJson<T>(address: string, init?: RequestInit): Promise<T> {
  return JSON.parse(await getText(address, init)) as T;
}

export async function loadSources(): Promise<Source[]> {
  const texts = await Promise.all(FILES.map((name) => getText(`/provisioning/datasources/${name}`)));
  const variables = await getJson<Record<string, string>>('/addresses.json');
  // In provisioning files $$ stands for one $, and ${NAME} for a variable of the environment.
  const filled = (text: string) =>
    text.replace(/\$\$|\$\{(\w+)\}/g, (match, name?: string) => (name ? (variables[name] ?? match) : '$'));
  const files = texts.map((text) => parse(filled(text)) as { datasources: Source[] });
  return files.flatMap((file) => file.datasources).filter((source) => KINDS.includes(source.type));
}

/** The source that a panel or a query refers to, by uid or name, else the first of its type. */
export function findSource(sources: Source[], uid: string | undefined, type: string | undefined): Source {
  const found =
    sources.find((source) => source.uid === uid || source.name === uid) ??
    (uid ? undefined : sources.find((source) => source.type === type));
  if (!found) {
    throw new Error(`The preview knows no data source "${uid ?? type}".`);
  }
  return found;
}

/** Asks a source by a path of its own HTTP API: all of them answer `{data: …}`, `{error: …}` or `{errors: […]}`. */
export async function ask<T>(
  source: Source,
  path: string,
  form: Record<string, string>,
  signal?: AbortSignal,
): Promise<T> {
  const address = `/api/datasources/proxy/uid/${source.uid}${path}`;
  const isQuery = /\/query(_range)?$/.test(path);
  const body = new URLSearchParams(form);
  const init = isQuery ? { method: 'POST', body, headers: LOKI_HEADERS } : {};
  try {
    return (await getJson<{ data: T }>(isQuery ? address : `${address}?${body}`, { ...init, signal })).data;
  } catch (error) {
    throw new Error(`${source.name}: ${(error as Error).message}`);
  }
}

/** With this header Loki separates labels, structured metadata and parsed fields; Prometheus ignores it. */
const LOKI_HEADERS = { 'X-Loki-Response-Encoding-Flags': 'categorize-labels' };

/** The error of a JSON answer, or the beginning of another text; an HTML page has no reason in it. */
function reason(text: string): string {
  try {
    const said = JSON.parse(text) as { error?: string; errors?: { msg: string }[] };
    return said.error ?? said.errors?.[0]?.msg ?? text;
  } catch {
    return text.startsWith('<') ? '' : text.slice(0, 500);
  }
}
