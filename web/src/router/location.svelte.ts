// Where the page is: the browser's address as reactive state.
//
// Invariant: `location` and the address bar say the same; no other module calls `history`.

import { hrefOf, parseAnchor, parseRoute, type LineAnchor, type Route } from './route';

let path = $state(window.location.pathname);
let hash = $state(window.location.hash);
let search = $state(window.location.search);

function read(): void {
  path = window.location.pathname;
  hash = window.location.hash;
  search = window.location.search;
}

const route = $derived(parseRoute(path));
const anchor = $derived(parseAnchor(hash));

export const place = {
  get route(): Route {
    return route;
  },
  get anchor(): LineAnchor | null {
    return anchor;
  },
  get query(): URLSearchParams {
    return new URLSearchParams(search);
  },
};

/** Goes to a page; `rest` is what follows the path. */
export function go(to: Route, rest = ''): void {
  history.pushState(null, '', hrefOf(to) + rest);
  read();
  scrollTo(0, 0);
}

/** Changes the part behind `#` or `?` without a step in the history. */
export function replace(part: { hash?: string; query?: URLSearchParams }): void {
  const url = new URL(window.location.href);
  if (part.hash !== undefined) url.hash = part.hash;
  if (part.query !== undefined) url.search = part.query.toString();
  history.replaceState(null, '', url);
  read();
}

/** Makes plain links to pages of ours change the page without loading it anew. */
export function startRouting(): void {
  addEventListener('popstate', read);
  addEventListener('hashchange', read);
  document.addEventListener('click', (event) => {
    const href = ownLink(event);
    if (href === null) return;
    event.preventDefault();
    const isNewPage = href.pathname !== window.location.pathname;
    history.pushState(null, '', href);
    read();
    if (isNewPage) scrollTo(0, 0);
  });
}

function ownLink(event: MouseEvent): URL | null {
  if (event.defaultPrevented || event.button !== 0) return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('download')) return null;
  const href = new URL(link.href, window.location.href);
  if (href.origin !== window.location.origin || parseRoute(href.pathname).page === 'missing') return null;
  // A place within the page, such as the skip link's: the browser moves the focus there.
  if (href.hash !== '' && parseAnchor(href.hash) === null) return null;
  return href;
}
