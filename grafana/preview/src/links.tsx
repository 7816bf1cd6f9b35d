/** Links of boards and panels; a link may carry the time range and the variables along. */
import type { Dashboard, DashboardLink } from '@grafana/schema';
import { Button, Dropdown, IconButton, Menu } from '@grafana/ui';
import type { PageState } from './page';

export function addressOf(link: Partial<DashboardLink>, page: PageState): string {
  const url = page.fill(link.url ?? '');
  const more = [link.keepTime && '${__url_time_range}', link.includeVars && '${__all_variables}'].filter(Boolean);
  const parameters = page.fill(more.join('&'));
  return parameters ? `${url}${url.includes('?') ? '&' : '?'}${parameters}` : url;
}

interface Props {
  links: Partial<DashboardLink>[];
  page: PageState;
}

function Items({ links, page }: Props) {
  return (
    <Menu>
      {links.map((link) => (
        <Menu.Item
          key={`${link.title} ${link.url}`}
          label={page.fill(link.title ?? '')}
          url={addressOf(link, page)}
          target={link.targetBlank ? '_blank' : undefined}
        />
      ))}
    </Menu>
  );
}

/** A panel's links, behind one button. */
export function Links({ links, page }: Props) {
  return (
    <Dropdown overlay={<Items {...{ links, page }} />}>
      <IconButton name="external-link-alt" tooltip="Links" size="sm" />
    </Dropdown>
  );
}

/** A board's links. A link by tags stands for one link to each board that has the tags. */
export function BoardLinks({ board, boards, page }: { board: Dashboard; boards: Dashboard[]; page: PageState }) {
  return (board.links ?? []).map((link) => {
    const tagged = boards
      .filter((other) => link.tags.every((tag) => other.tags?.includes(tag)))
      .map((other) => ({ ...link, title: other.title, url: `/d/${other.uid}` }));
    const links = link.type === 'dashboards' ? tagged : [link];
    if (link.type === 'dashboards' && link.asDropdown) {
      return (
        <Dropdown key={link.title} overlay={<Items {...{ links, page }} />}>
          <Button variant="secondary" icon="bars">
            {link.title}
          </Button>
        </Dropdown>
      );
    }
    return links.map((each) => (
      <a key={each.title} className="board-link" href={addressOf(each, page)} title={each.tooltip}>
        {each.title}
      </a>
    ));
  });
}
