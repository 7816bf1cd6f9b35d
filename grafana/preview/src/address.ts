/** The address bar holds the state, in Grafana's paths and parameters; changing it doesn't load the page again. */
import { dateMath, dateTime, rangeUtil, type TimeRange } from '@grafana/data';
import { useEffect, useState } from 'react';

export type Change = Record<string, string | string[] | undefined>;
const MOVED = 'address-moved';
const OURS = /^\/(d\/|explore$|$)/;

export function useAddress(): URL {
  const [address, setAddress] = useState(() => new URL(location.href));
  useEffect(() => {
    const follow = () => setAddress(new URL(location.href));
    const onClick = (event: MouseEvent) => {
      const link = (event.target as Element).closest?.('a');
      const aside = event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
      if (link && !aside && link.origin === location.origin && OURS.test(link.pathname) && link.target !== '_blank') {
        event.preventDefault();
        go(new URL(link.href));
      }
    };
    window.addEventListener('popstate', follow);
    window.addEventListener(MOVED, follow);
    document.addEventListener('click', onClick);
    return () => {
      window.removeEventListener('popstate', follow);
      window.removeEventListener(MOVED, follow);
      document.removeEventListener('click', onClick);
    };
  }, []);
  return address;
}

export function go(to: URL): void {
  history.pushState(null, '', to);
  window.dispatchEvent(new Event(MOVED));
}

/** Sets parameters of the present address; undefined removes one. */
export function change(parameters: Change): void {
  const to = new URL(location.href);
  for (const [name, value] of Object.entries(parameters)) {
    to.searchParams.delete(name);
    [value ?? []].flat().forEach((each) => to.searchParams.append(name, each));
  }
  go(to);
}

/** `from` and `to` as Grafana writes them: now-1h, milliseconds, or a date. */
export function rangeOf(parameters: URLSearchParams, otherwise = { from: 'now-1h', to: 'now' }): TimeRange {
  const end = (text: string) => (text.startsWith('now') ? text : dateTime(/^\d+$/.test(text) ? Number(text) : text));
  const [from, to] = [parameters.get('from') ?? otherwise.from, parameters.get('to') ?? otherwise.to];
  const valid = [from, to].every((text) => dateMath.isValid(end(text)));
  return rangeUtil.convertRawToRange(valid ? { from: end(from), to: end(to) } : otherwise);
}

/** A time range as the parameters `from` and `to`. */
export function rangeParameters({ raw }: TimeRange): { from: string; to: string } {
  const text = (end: TimeRange['raw']['from']) => (typeof end === 'string' ? end : String(end.valueOf()));
  return { from: text(raw.from), to: text(raw.to) };
}
