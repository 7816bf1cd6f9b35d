/** The data sources as they are provisioned for Grafana, asked through the server's read-only proxy. */
import { parse } from 'yaml';

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
  type: 'prometheus' | 'loki';
  jsonData: { timeInterval?: string; maxLines?: number; derivedFields?: DerivedField[] };
}

const FILES = ['metrics.yml', 'logs.yml'];
const KINDS = ['prometheus', 'loki'];

export async function getJson<T>(address: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(address, init);
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${answer.status} ${answer.statusText}: ${text.slice(0, 500)}`);
  }
  return JSON.parse(text) as T;
}

export async function loadSources(): Promise<Source[]> {
  const texts = FILES.map(async (name) => (await fetch(`/provisioning/datasources/${name}`)).text());
  const files = (await Promise.all(texts)).map(
    (text) => parse(text.replaceAll('$$', '$')) as { datasources: Source[] },
  );
  return files.flatMap((file) => file.datasources).filter((source) => KINDS.includes(source.type));
}

/** The source that a panel's or a query's reference means; by uid, name or kind. */
export function findSource(sources: Source[], uid: string | undefined, type: string | undefined): Source {
  const found =
    sources.find((source) => source.uid === uid || source.name === uid) ??
    (uid ? undefined : sources.find((source) => source.type === type));
  if (!found) {
    throw new Error(`The preview knows no data source "${uid ?? type}".`);
  }
  return found;
}

/** One question to a source; `path` is that of its own HTTP API. Both answer `{data: …}` or `{error: …}`. */
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
  const answer = await fetch(isQuery ? address : `${address}?${body}`, { ...init, signal }).catch((error: Error) => {
    throw new Error(`${source.name} can't be asked: ${error.message}`);
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${source.name}: ${reason(text) || `${answer.status} ${answer.statusText}`}`);
  }
  return (JSON.parse(text) as { data: T }).data;
}

/** Loki then tells labels, structured metadata and parsed fields apart; Prometheus doesn't mind. */
const LOKI_HEADERS = { 'X-Loki-Response-Encoding-Flags': 'categorize-labels' };

function reason(text: string): string {
  try {
    return (JSON.parse(text) as { error?: string }).error ?? text;
  } catch {
    return text.startsWith('<') ? '' : text.slice(0, 500);
  }
}
