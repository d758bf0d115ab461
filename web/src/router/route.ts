// Addresses of the page: from a path to a route and back.
//
// Touches neither the window nor the history. Invariant: `parseRoute(hrefOf(route))` is `route`.

export type Route =
  | { page: 'runs' }
  | { page: 'run'; owner: string; repository: string; run: number }
  | { page: 'job'; owner: string; repository: string; run: number; job: number }
  | { page: 'missing'; path: string };

/** A line of a step's log, as in `#step:3:17`; both numbers start at 1. */
export interface LineAnchor {
  step: number;
  line: number | null;
}

const RUN = /^\/([^/]+)\/([^/]+)\/actions\/runs\/(\d+)(?:\/job\/(\d+))?\/?$/;

export function parseRoute(path: string): Route {
  if (path === '/' || path === '') return { page: 'runs' };
  const match = RUN.exec(path);
  const owner = decoded(match?.[1]);
  const repository = decoded(match?.[2]);
  if (match === null || owner === null || repository === null) return { page: 'missing', path };
  const run = Number(match[3]);
  if (match[4] === undefined) return { page: 'run', owner, repository, run };
  return { page: 'job', owner, repository, run, job: Number(match[4]) };
}

export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'runs':
      return '/';
    case 'run':
      return runHref(route);
    case 'job':
      return `${runHref(route)}/job/${route.job}`;
    case 'missing':
      return route.path;
  }
}

export function parseAnchor(hash: string): LineAnchor | null {
  const match = /^#step:(\d{1,6})(?::(\d{1,9}))?$/.exec(hash);
  if (match === null) return null;
  const step = Number(match[1]);
  const line = match[2] === undefined ? null : Number(match[2]);
  if (step < 1 || line === 0) return null;
  return { step, line };
}

export function formatAnchor(anchor: LineAnchor): string {
  return anchor.line === null ? `#step:${anchor.step}` : `#step:${anchor.step}:${anchor.line}`;
}

function runHref(route: { owner: string; repository: string; run: number }): string {
  const owner = encodeURIComponent(route.owner);
  const repository = encodeURIComponent(route.repository);
  return `/${owner}/${repository}/actions/runs/${route.run}`;
}

function decoded(part: string | undefined): string | null {
  if (part === undefined) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
