// What the stub server says of repositories, of runners, and of the whole server.

import { NAME_ATTACKS } from './attacks.js';

const MINUTE = 60_000;
const ago = (minutes) => new Date(Date.now() - minutes * MINUTE).toISOString();

const [MARKUP, , TEMPLATE, , PATH, SCRIPT, TURNED, LONG] = NAME_ATTACKS;

const INPUTS = [
  { name: 'version', description: 'What to deploy', kind: 'string', required: true, default: 'v1.2.0', options: [] },
  { name: 'target', description: 'Where to', kind: 'environment', required: true, default: null, options: [] },
  { name: 'level', description: null, kind: 'choice', required: false, default: 'normal', options: ['quiet', 'normal'] },
  { name: 'replicas', description: null, kind: 'number', required: false, default: null, options: [] },
  { name: 'dry_run', description: 'Only say what would be done', kind: 'boolean', required: false, default: 'true', options: [] },
];

const workflow = (id, name, file, state = 'active') => ({ id, name, path: `.github/workflows/${file}`, state });
const WORKFLOWS = [
  workflow(2001, 'CI/CD Pipeline', 'ci-cd.yml'),
  workflow(2002, 'Deploy', 'deploy.yml'),
  workflow(2003, 'Nightly', 'nightly.yml', 'disabled_manually'),
  workflow(2004, MARKUP, 'broken.yml'),
];

const problem = (severity, message) => ({ file: 'x', position: { line: 14, column: 5 }, severity, code: 'c', message });
const FILES = [
  { path: WORKFLOWS[0].path, name: 'CI/CD Pipeline', events: ['push', 'pull_request'], diagnostics: [problem('warning', 'the key `runs-name` is not known')] },
  { path: WORKFLOWS[1].path, name: 'Deploy', events: ['workflow_dispatch'], diagnostics: [] },
  { path: WORKFLOWS[3].path, name: null, events: [], diagnostics: [problem('error', `Unexpected value '${MARKUP}'`)] },
];

const SCHEDULES = [
  {
    workflow_path: WORKFLOWS[2].path,
    cron: '0 3 * * *',
    timezone: 'Europe/Berlin',
    next_due_at: new Date(Date.now() + 90 * MINUTE).toISOString(),
    firings: [0, 1, 2].map((day) => ({ due_at: ago(day * 1440 + 30), fired_at: ago(day * 1440 + 30), run_id: 10003 - day })),
    missed: [ago(4000), ago(5000)],
  },
  { workflow_path: MARKUP, cron: TEMPLATE, timezone: 'UTC', next_due_at: ago(-5), firings: [], missed: [] },
];

function insights(url) {
  const conclusions = ['success', 'success', 'failure', 'success', 'cancelled'];
  const runs = Array.from({ length: 60 }, (_, at) => ({
    id: 9000 + at,
    run_number: at + 1,
    workflow_name: at % 7 === 0 ? MARKUP : 'CI/CD Pipeline',
    conclusion: conclusions[at % conclusions.length],
    started_at: ago((60 - at) * 37),
    seconds: 180 + ((at * 7919) % 140),
  }));
  const numbers = { n_runs: 60, n_succeeded: 36, n_failed: 12, p50_seconds: 241.3, p95_seconds: 312 };
  return {
    days: Number(url.searchParams.get('days')),
    workflows: [{ workflow_id: 2001, name: 'CI/CD Pipeline', path: WORKFLOWS[0].path, ...numbers }],
    runs,
    queue_wait: { n_jobs: 412, p50_seconds: 0.8, p95_seconds: 14.2 },
    slowest_steps: [
      { job_name: 'Build images', step_name: 'Run docker build', n_times: 41, p50_seconds: 92.4, p95_seconds: 131 },
      { job_name: MARKUP, step_name: LONG, n_times: 2, p50_seconds: 3.1, p95_seconds: 3.3 },
    ],
    flaky_jobs: [{ job_name: 'Backend tests (3.12)', workflow_name: MARKUP, n_runs: 3, last_run_id: 10005 }],
  };
}

const deployment = (job_id, change) => ({
  job_id,
  job_name: 'Deploy to production',
  run_id: 10005,
  run_attempt: 1,
  can_repeat: true,
  title: 'Charge the platform fee once',
  head_branch: 'main',
  head_sha: '4f1c0de9a3b25f1e77c0d2a6c1b84c0f6f9a1e02',
  actor: 'octavia',
  status: 'completed',
  conclusion: 'success',
  environment_url: null,
  started_at: ago(62),
  completed_at: ago(60),
  review: { state: 'approved', reviewer: 'marta', comment: 'go' },
  ...change,
});

const DEPLOYMENTS = [
  deployment(5, { title: 'Search gigs by distance', status: 'waiting', conclusion: null, started_at: null, completed_at: null, can_repeat: false, review: null }),
  deployment(4, { conclusion: 'failure', title: MARKUP, head_branch: PATH, actor: SCRIPT, review: { state: 'approved', reviewer: TURNED, comment: MARKUP } }),
  deployment(3, {}),
];

const open = (id, change) => ({
  id,
  name: 'Backend tests (3.12)',
  run_id: 10008,
  run_title: 'Search gigs by distance',
  repository: 'hotgigs/app',
  runs_on: ['ubuntu-latest'],
  reason: null,
  queued_at: ago(3),
  started_at: ago(2),
  ...change,
});

const runner = (id, name, change) => ({
  id,
  name,
  labels: ['self-hosted', 'linux', 'x64', 'ubuntu-latest'],
  version: '0.1.0',
  is_online: true,
  is_draining: false,
  last_seen_at: ago(0.2),
  jobs: [],
  ...change,
});

const delivery = (guid, change) => ({
  guid,
  source: 'webhook',
  event: 'push',
  status: 'processed',
  reason: 'started 1 run; not started: .github/workflows/monitoring.yml: `on` does not list `push`',
  n_attempts: 1,
  received_at: ago(7),
  completed_at: ago(7),
  ...change,
});

const DELIVERIES = [
  delivery('d-1', {}),
  delivery('d-2', { event: 'pull_request', status: 'ignored', reason: 'the head commit\'s message has `[skip ci]`' }),
  delivery('d-3', { event: MARKUP, status: 'failed', reason: `${MARKUP}; ${LONG}`, n_attempts: 8 }),
];

const audited = (sequence, action, more = {}) => ({
  sequence,
  at: ago(100 - sequence),
  actor_kind: 'account',
  actor: 'octavia',
  address: '127.0.0.1',
  action,
  repository: PATH,
  target: MARKUP,
  outcome: 'done',
  detail: {},
  previous_hash: `hash-${sequence - 1}`,
  hash: `hash-${sequence}`,
  ...more,
});

/** As the server: the oldest first, of the newest `limit` that fit. */
const auditEntries = (query) => {
  const all = [
    audited(1, 'session.create', { repository: null, actor_kind: 'anonymous', actor: '', address: null }),
    audited(2, 'secret.write', { outcome: 'refused', actor: LONG }),
    audited(3, 'run.cancel'),
  ];
  const fits = (entry) => ['actor', 'action', 'outcome'].every((key) => !query.has(key) || query.get(key) === entry[key]);
  return all.filter(fits).slice(-Number(query.get('limit') ?? 100));
};

const answers = (pattern, body) => [
  pattern,
  (call) => call.reply(call.answer, 200, typeof body === 'function' ? body(call) : body),
];

/** Remembers what it was told. */
const takes = (pattern, status = 204) => [
  pattern,
  async ({ stub, request, answer, url, bodyOf }) => {
    stub.posted.push({ path: url.pathname, body: await bodyOf(request) });
    answer.writeHead(status).end();
  },
];

const OWN = '\\/api\\/gantry\\/repositories\\/hotgigs\\/app';
const REST = '\\/repos\\/hotgigs\\/app';
const own = (method, rest) => new RegExp(`^${method} ${OWN}${rest}$`);
const rest = (method, path) => new RegExp(`^${method} ${REST}${path}$`);

export const REPOSITORY_ROUTES = [
  answers(/^GET \/api\/gantry\/repositories$/, { repositories: [{ id: 1001, full_name: 'hotgigs/app', default_branch: 'main' }] }),
  answers(own('GET', '\\/refs'), { default_branch: 'main', branches: ['main', 'fix/fee', PATH], tags: ['v1.2.0'] }),
  answers(own('GET', '\\/workflows\\/deploy\\.yml\\/dispatch'), ({ url }) => ({
    ref: `refs/heads/${url.searchParams.get('ref')}`,
    sha: '4f1c0de9a3b25f1e77c0d2a6c1b84c0f6f9a1e02',
    path: WORKFLOWS[1].path,
    name: 'Deploy',
    inputs: INPUTS,
  })),
  answers(own('GET', '\\/workflow-files'), { sha: '4f1c0de9a3b25f1e77c0d2a6c1b84c0f6f9a1e02', files: FILES }),
  answers(own('GET', '\\/workflows\\/\\d+\\/badge-link'), ({ url, stub }) => ({ url: `${stub.url}/favicon-success.svg?${url.pathname.length}` })),
  answers(own('GET', '\\/schedules'), { schedules: SCHEDULES }),
  answers(own('GET', '\\/insights'), ({ url }) => insights(url)),
  answers(own('GET', '\\/environments\\/[^/]+\\/deployments'), ({ url }) => ({ deployments: url.pathname.includes('production') ? DEPLOYMENTS : [] })),
  answers(own('GET', '\\/preview'), ({ url }) => ({
    sha: '4f1c0de9a3b25f1e77c0d2a6c1b84c0f6f9a1e02',
    files: FILES.map((file) => {
      const starts = file.events.includes(url.searchParams.get('event'));
      const jobs = starts ? [{ id: 'quality', needs: [] }, { id: 'test', needs: ['quality'] }] : [];
      return { path: file.path, name: file.name ?? MARKUP, starts, reason: starts ? null : `\`on\` does not list \`${url.searchParams.get('event')}\``, jobs };
    }),
  })),
  answers(rest('GET', '\\/actions\\/workflows'), { total_count: WORKFLOWS.length, workflows: WORKFLOWS }),
  answers(rest('GET', '\\/environments'), {
    total_count: 2,
    environments: [
      { name: 'staging', protection_rules: [] },
      { name: 'production', protection_rules: [{ type: 'wait_timer', wait_timer: 5 }, { type: 'required_reviewers', reviewers: [{ type: 'User', reviewer: { login: 'marta' } }] }] },
    ],
  }),
  answers(rest('GET', '\\/(?:actions|environments\\/[^/]+)\\/secrets'), { total_count: 2, secrets: [{ name: 'DEPLOY_KEY', updated_at: ago(9000) }, { name: 'TOKEN', updated_at: ago(3) }] }),
  answers(rest('GET', '\\/(?:actions|environments\\/[^/]+)\\/variables'), { total_count: 1, variables: [{ name: 'REGION', value: MARKUP, updated_at: ago(50) }] }),
  answers(rest('GET', '\\/actions\\/caches'), { total_count: 1, actions_caches: [{ id: 1, key: `pip-${MARKUP}`, ref: 'refs/heads/main', size_in_bytes: 34_200_000, last_accessed_at: ago(12), created_at: ago(900) }] }),
  answers(/^GET \/api\/gantry\/runners$/, {
    runners: [
      runner(1, 'builder-1', { jobs: [open(100081, {}), open(100082, { name: MARKUP })] }),
      runner(2, 'builder-2', { is_draining: true, jobs: [open(100083, {})] }),
      runner(3, LONG.slice(0, 255), { is_online: false, last_seen_at: ago(300), labels: [MARKUP, 'gpu'] }),
    ],
  }),
  answers(/^GET \/api\/gantry\/queue$/, { jobs: [open(100084, { runs_on: ['gpu'], reason: 'every runner with the labels `gpu` is offline' })] }),
  answers(/^GET \/api\/gantry\/audit-log$/, ({ url }) => auditEntries(url.searchParams)),
  answers(/^GET \/api\/gantry\/deliveries$/, DELIVERIES),
  answers(/^GET \/api\/gantry\/deliveries\/d-3$/, {
    delivery: DELIVERIES[2],
    repository: PATH,
    payload: JSON.stringify({ ref: MARKUP, text: TURNED }),
    runs: [{ id: 10005, name: MARKUP, repository: 'hotgigs/app', status: 'completed', conclusion: 'failure' }],
  }),
  answers(/^GET \/api\/gantry\/access-tokens$/, [{ id: 7, login: 'octavia', name: '', role: 'admin', repositories: null, created_at: ago(60 * 24 * 40), last_used_at: null, expires_at: null }]),
  answers(/^GET \/api\/gantry\/reconcilers$/, { reconcilers: [{ name: 'advance_runs', ended_at: ago(0.1), duration_ms: 3, n_changed: 0, error: null }, { name: 'sync_reports', ended_at: ago(1), duration_ms: 812, n_changed: null, error: MARKUP }] }),
  [
    /^POST \/api\/gantry\/access-tokens$/,
    async ({ stub, request, answer, url, reply, bodyOf }) => {
      stub.posted.push({ path: url.pathname, body: await bodyOf(request) });
      reply(answer, 201, { token: 'gantry_pat_shown_once', expires_at: null });
    },
  ],
  takes(rest('POST', '\\/actions\\/workflows\\/deploy\\.yml\\/dispatches')),
  takes(rest('PUT', '\\/actions\\/workflows\\/\\d+\\/(?:enable|disable)')),
  takes(rest('POST', '\\/actions\\/jobs\\/\\d+\\/rerun'), 201),
  takes(own('PUT', '\\/secrets\\/[A-Z_]+'), 201),
  takes(rest('DELETE', '\\/actions\\/secrets\\/[A-Z_]+')),
  takes(rest('PATCH', '\\/actions\\/variables\\/[A-Z_]+')),
  takes(/^(?:PUT|DELETE) \/api\/gantry\/runners\/\d+\/drain$/),
  takes(/^POST \/api\/gantry\/deliveries\/[^/]+\/redeliver$/, 202),
];
