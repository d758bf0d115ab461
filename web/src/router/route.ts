// Addresses of the page: from a path to a route and back.
//
// Touches neither the window nor the history. What GitHub has a page for has GitHub's address; what
// only we have and that belongs to no repository lies below `/-/`, which no owner can be called.
// Invariant: `parseRoute(hrefOf(route))` is `route`.

/** The tabs of a repository. The first one has no word of its own in the address. */
export const REPOSITORY_TABS = [
  'workflows',
  'insights',
  'environments',
  'secrets',
  'caches',
  'compatibility',
  'preview',
] as const;
export type RepositoryTab = (typeof REPOSITORY_TABS)[number];

export const ADMIN_TABS = ['deliveries', 'tokens', 'audit', 'system'] as const;
export type AdminTab = (typeof ADMIN_TABS)[number];

interface OfRepository {
  owner: string;
  repository: string;
}

interface OfRun extends OfRepository {
  run: number;
  /** The newest one when null. */
  attempt: number | null;
}

export type Route =
  | { page: 'runs' }
  | { page: 'repositories' }
  | { page: 'runners' }
  | { page: 'account' }
  | { page: 'admin'; tab: AdminTab; item: string | null }
  | ({ page: 'repository'; tab: RepositoryTab } & OfRepository)
  | ({ page: 'dispatch'; workflow: string } & OfRepository)
  | ({ page: 'run' } & OfRun)
  | ({ page: 'file' } & OfRun)
  | ({ page: 'payload' } & OfRun)
  | ({ page: 'search' } & OfRun)
  | ({ page: 'job'; job: number } & OfRun)
  | { page: 'missing'; path: string };

export type RunRoute = Extract<Route, { run: number }>;

/** Lines of a step's log, as in `#step:3:17` or `#step:3:17-21`; all numbers start at 1. */
export interface LineAnchor {
  step: number;
  line: number | null;
  /** Of several lines the last one; absent for one line. */
  last?: number;
}

const RUN = /^\/([^/]+)\/([^/]+)\/actions\/runs\/(\d+)(?:\/attempts\/(\d+))?(?:\/job\/(\d+)|\/(workflow|payload|search))?$/;
const DISPATCH = /^\/([^/]+)\/([^/]+)\/actions\/workflows\/([^/]+)\/dispatch$/;
const REPOSITORY = /^\/([^/]+)\/([^/]+)(?:\/([a-z]+))?$/;
const ADMIN = /^\/-\/admin(?:\/([a-z]+)(?:\/([^/]+))?)?$/;

export function parseRoute(path: string): Route {
  const plain = path.length > 1 ? path.replace(/\/$/, '') : path;
  if (plain === '/' || plain === '') return { page: 'runs' };
  if (plain === '/-/repositories') return { page: 'repositories' };
  if (plain === '/-/runners') return { page: 'runners' };
  if (plain === '/-/account') return { page: 'account' };
  const found = plain.startsWith('/-/') ? parseAdmin(plain) : (parseRun(plain) ?? parseRepository(plain));
  return found ?? { page: 'missing', path };
}

function parseAdmin(path: string): Route | null {
  const match = ADMIN.exec(path);
  const tab = ADMIN_TABS.find((each) => each === (match?.[1] ?? ADMIN_TABS[0]));
  if (match === null || tab === undefined) return null;
  return { page: 'admin', tab, item: match[2] === undefined ? null : decoded(match[2]) };
}

function parseRun(path: string): Route | null {
  const match = RUN.exec(path);
  const of = repositoryOf(match);
  if (match === null || of === null) return null;
  const run = { ...of, run: Number(match[3]), attempt: match[4] === undefined ? null : Number(match[4]) };
  if (match[5] !== undefined) return { page: 'job', ...run, job: Number(match[5]) };
  if (match[6] === 'workflow') return { page: 'file', ...run };
  if (match[6] === 'search') return { page: 'search', ...run };
  return { page: match[6] === 'payload' ? 'payload' : 'run', ...run };
}

function parseRepository(path: string): Route | null {
  const dispatch = DISPATCH.exec(path);
  const ofDispatch = repositoryOf(dispatch);
  const workflow = decoded(dispatch?.[3]);
  if (ofDispatch !== null && workflow !== null) return { page: 'dispatch', ...ofDispatch, workflow };
  const match = REPOSITORY.exec(path);
  const of = repositoryOf(match);
  const tab = REPOSITORY_TABS.find((each) => each === (match?.[3] ?? REPOSITORY_TABS[0]));
  if (of === null || tab === undefined) return null;
  return { page: 'repository', ...of, tab };
}

/** First parts of paths that are no pages, whoever asks. */
const RESERVED = ['api', 'assets', 'git', 'login', 'orgs', 'repos', 'repositories', 'runner', 'webhooks'];

function repositoryOf(match: RegExpExecArray | null): OfRepository | null {
  const owner = decoded(match?.[1]);
  const repository = decoded(match?.[2]);
  if (owner === null || repository === null || RESERVED.includes(owner)) return null;
  return { owner, repository };
}

export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'runs':
      return '/';
    case 'repositories':
    case 'runners':
    case 'account':
      return `/-/${route.page}`;
    case 'admin':
      return `/-/admin/${route.tab}${route.item === null ? '' : `/${encodeURIComponent(route.item)}`}`;
    case 'repository':
      return repositoryHref(route) + (route.tab === REPOSITORY_TABS[0] ? '' : `/${route.tab}`);
    case 'dispatch':
      return `${repositoryHref(route)}/actions/workflows/${encodeURIComponent(route.workflow)}/dispatch`;
    case 'run':
      return runHref(route);
    case 'job':
      return `${runHref(route)}/job/${route.job}`;
    case 'file':
      return `${runHref(route)}/workflow`;
    case 'payload':
    case 'search':
      return `${runHref(route)}/${route.page}`;
    case 'missing':
      return route.path;
  }
}

/** `owner/name` in its two parts. */
export function partsOf(fullName: string): OfRepository {
  const [owner = '', repository = ''] = fullName.split('/');
  return { owner, repository };
}

export function parseAnchor(hash: string): LineAnchor | null {
  const match = /^#step:(\d{1,6})(?::(\d{1,9})(?:-(\d{1,9}))?)?$/.exec(hash);
  if (match === null) return null;
  const step = Number(match[1]);
  const line = match[2] === undefined ? null : Number(match[2]);
  if (step < 1 || line === 0) return null;
  if (line === null || match[3] === undefined) return { step, line };
  return lines(step, line, Number(match[3]));
}

/** The lines between two, whichever comes first. */
export function lines(step: number, one: number, other: number): LineAnchor {
  const line = Math.max(1, Math.min(one, other));
  const last = Math.max(one, other);
  return line === last ? { step, line } : { step, line, last };
}

export function formatAnchor({ step, line, last }: LineAnchor): string {
  if (line === null) return `#step:${step}`;
  return last === undefined ? `#step:${step}:${line}` : `#step:${step}:${line}-${last}`;
}

function repositoryHref({ owner, repository }: OfRepository): string {
  return `/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}`;
}

function runHref(route: OfRun): string {
  const attempt = route.attempt === null ? '' : `/attempts/${route.attempt}`;
  return `${repositoryHref(route)}/actions/runs/${route.run}${attempt}`;
}

function decoded(part: string | undefined): string | null {
  if (part === undefined) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
