/** Starts Grafana's libraries, then shows the page that the address names. */
import { createTheme, rangeUtil, setTimeZoneResolver, ThemeContext } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import type { Dashboard } from '@grafana/schema';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { rangeOf, useAddress } from './address';
import { Board } from './board';
import { Explore } from './explore';
import { readExploration } from './explore-address';
import { fillRegistries } from './fields';
import { Problems } from './panel';
import { getJson, loadSources, type Source } from './sources';
import { Toolbar } from './toolbar';
import './style.css';

const HOME = 'overview';
const FONTS = { fontFamilyMonospace: 'monospace' };

interface Loaded {
  boards: Dashboard[];
  sources: Source[];
}

function App({ boards, sources }: Loaded) {
  const address = useAddress();
  const [count, setCount] = useState(0);
  const [mode, setMode] = useState(address.searchParams.get('theme') ?? localStorage.getItem('theme') ?? 'dark');
  const [timeZone, setTimeZone] = useState('browser');
  setTimeZoneResolver(() => timeZone);
  const theme = useMemo(
    () => createTheme({ colors: { mode: mode === 'light' ? 'light' : 'dark' }, typography: FONTS }),
    [mode],
  );
  const { pathname, search } = address;
  const parameters = useMemo(() => new URLSearchParams(search), [search]);
  const [, kind, uid = HOME] = pathname === '/' ? ['', 'd', HOME] : pathname.split('/');
  const board = kind === 'd' ? boards.find((each) => each.uid === uid) : undefined;
  const exploration = useMemo(() => {
    try {
      return kind === 'explore' ? readExploration(parameters, sources) : undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }, [kind, parameters, sources]);
  const explored = typeof exploration === 'object' ? exploration : undefined;
  const range = useMemo(() => {
    const otherwise = explored?.range ?? { from: board?.time?.from ?? 'now-1h', to: board?.time?.to ?? 'now' };
    return rangeOf(explored && !parameters.get('from') ? new URLSearchParams({ ...otherwise }) : parameters, otherwise);
    // Every refresh counts up, and "now" is read anew.
  }, [parameters, board, explored, count]);
  const refresh = parameters.get('refresh') ?? (board?.refresh || '');
  useEffect(() => {
    if (!rangeUtil.isValidTimeSpan(refresh) || !refresh) {
      return;
    }
    const timer = setInterval(() => setCount((before) => before + 1), rangeUtil.intervalToMs(refresh));
    return () => clearInterval(timer);
  }, [refresh]);
  const title = board?.title ?? (explored ? 'Explore' : 'Not here');
  useEffect(() => {
    document.title = `${title} (preview)`;
    localStorage.setItem('theme', mode);
    document.documentElement.style.colorScheme = theme.colors.mode;
  }, [title, mode, theme]);
  const shared = { sources, range, timeZone, theme };
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div
        className="page"
        data-theme={theme.colors.mode}
        style={{ '--canvas': theme.colors.background.canvas, '--link': theme.colors.text.link } as React.CSSProperties}
      >
        {!parameters.has('kiosk') && (
          <Toolbar
            {...{ title, range, timeZone, theme, refresh, onTimeZone: setTimeZone }}
            onRefresh={() => setCount(count + 1)}
            onTheme={() => setMode(theme.isDark ? 'light' : 'dark')}
          >
            <a href="/explore">Logs</a>
          </Toolbar>
        )}
        {board && <Board key={board.uid} {...{ board, boards, parameters, ...shared }} />}
        {explored && <Explore exploration={explored} {...shared} />}
        {!board && !explored && (
          <Problems
            problems={[
              typeof exploration === 'string'
                ? `This address of Explore can't be read: ${exploration}`
                : `The preview has boards and logs only; ${pathname} is a page of Grafana's own.`,
            ]}
          />
        )}
      </div>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}

async function load(): Promise<Loaded> {
  const files = await getJson<{ name: string }[]>('/boards/');
  const boards = files
    .filter(({ name }) => name.endsWith('.json'))
    .map(({ name }) => getJson<Dashboard>(`/boards/${name}`));
  return { boards: await Promise.all(boards), sources: await loadSources() };
}

declare global {
  interface Window {
    __grafana_public_path__: string;
  }
}

async function start() {
  window.__grafana_public_path__ = '/public/';
  fillRegistries();
  await initPluginTranslations('preview');
  const root = createRoot(document.getElementById('root') as HTMLElement);
  try {
    root.render(<App {...await load()} />);
  } catch (error) {
    root.render(<Problems problems={[`The boards can't be loaded: ${(error as Error).message}`]} />);
  }
}

void start();
