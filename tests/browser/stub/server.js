// A server with the page's API and made-up data, for tests of the page alone.
//
// Serves `web/dist` under the same content security policy as the real server. It refuses calls it
// does not know, and remembers what it was told.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import { NO_REPORTS, PAYLOAD, REPORTS, RUNS, startingLogs, startingSummaries, startingViews, WORKFLOW_FILE } from './data.js';
import { REPOSITORY_ROUTES } from './repository.js';
import { chunk } from './logs.js';

const DIST = fileURLToPath(new URL('../../../web/dist/', import.meta.url));
const CHUNKS_PER_PAGE = 20;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

const KINDS = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

class Stub {
  views = startingViews();
  logs = startingLogs();
  summaries = startingSummaries();
  isSignedIn = true;
  role = 'admin';
  /** By name, the role in each repository; null for one in everything. */
  repositories = null;
  /** What `GET /api/gantry/sign-in` answers. */
  signIn = { github: null };
  /** Bodies of POST calls, as `{path, body}`. */
  posted = [];
  streams = new Set();

  /** Adds lines to a job's log and sends them to whoever listens. */
  writeLog(job, step, lines) {
    const chunks = this.logs.get(job) ?? [];
    const first = chunks
      .filter((each) => each.step_number === step)
      .reduce((n, each) => n + each.text.split('\n').length - 1, 0);
    const added = chunk(chunks.length, step, first, lines);
    this.logs.set(job, [...chunks, added]);
    for (const stream of this.streams) if (stream.job === job) sendLog(stream.answer, added);
  }

  /** Changes a run and tells whoever listens. */
  change(run, apply) {
    const view = this.views.get(run);
    apply(view);
    for (const stream of this.streams) {
      if (stream.run === run) send(stream.answer, 'run', view);
      if (stream.run === null) send(stream.answer, 'change', {});
    }
  }

  end(run) {
    for (const stream of this.streams) if (stream.run === run) send(stream.answer, 'end', {});
  }

  /** Cuts every open stream, as a restart of the server would. */
  dropStreams() {
    for (const stream of this.streams) stream.answer.destroy();
  }
}

export async function startStub(port = 0) {
  const stub = new Stub();
  const server = createServer((request, answer) => {
    handle(stub, request, answer).catch((error) => reply(answer, 500, { message: String(error) }));
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  stub.url = `http://127.0.0.1:${server.address().port}`;
  stub.stop = () => {
    stub.dropStreams();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return stub;
}

async function handle(stub, request, answer) {
  const url = new URL(request.url, 'http://stub');
  const route = `${request.method} ${url.pathname}`;
  if (url.pathname === '/api/gantry/sign-in') return reply(answer, 200, stub.signIn);
  const isApi = /^\/(api|repos)\//.test(url.pathname);
  if (isApi && !stub.isSignedIn) return reply(answer, 401, { message: 'Requires authentication' });
  for (const [pattern, act] of ROUTES) {
    const match = pattern.exec(route);
    if (match !== null) return act({ stub, request, answer, url, ids: match.slice(1) });
  }
  if (isApi || request.method !== 'GET') return reply(answer, 404, { message: 'Not Found' });
  return serveFile(answer, url.pathname);
}

const ROUTES = [
  [/^GET \/api\/gantry\/session$/, ({ stub, answer }) => reply(answer, 200, { login: 'octavia', role: stub.repositories === null ? stub.role : null, repositories: stub.repositories })],
  [/^GET \/api\/gantry\/runs$/, listRuns],
  [/^GET \/api\/gantry\/runs\/(\d+)(?:\/attempts\/(\d+))?$/, getRun],
  [/^GET \/api\/gantry\/runs\/(\d+)\/attempts\/\d+\/summaries$/, getSummaries],
  [/^GET \/api\/gantry\/runs\/(\d+)\/attempts\/\d+\/reports$/, getReports],
  [/^GET \/api\/gantry\/runs\/(\d+)\/attempts\/\d+\/log-search$/, searchLogs],
  [/^GET \/api\/gantry\/runs\/\d+\/payload$/, ({ answer }) => reply(answer, 200, PAYLOAD)],
  [/^GET \/api\/gantry\/jobs\/(\d+)\/log$/, getLog],
  [/^GET \/api\/gantry\/jobs\/(\d+)\/log-outline$/, getLogOutline],
  [/^GET \/api\/gantry\/jobs\/(\d+)\/log-search$/, searchLog],
  [/^GET \/api\/gantry\/events$/, openStream],
  [/^GET \/api\/gantry\/events\/runs$/, openStream],
  [/^GET \/repos\/hotgigs\/app\/contents\/.*$/, ({ answer }) => reply(answer, 200, { content: btoa(WORKFLOW_FILE) })],
  [/^GET \/repos\/[^/]+\/[^/]+\/actions\/runs\/(\d+)\/artifacts$/, ({ answer }) => reply(answer, 200, { total_count: 0, artifacts: [] })],
  [/^POST \/repos\/hotgigs\/app\/actions\/runs\/(\d+)\/pending_deployments$/, review],
  [/^POST \/repos\/hotgigs\/app\/actions\/runs\/(\d+)\/cancel$/, cancel],
  [/^POST \/repos\/hotgigs\/app\/actions\/runs\/(\d+)\/rerun(?:-failed-jobs)?$/, rerun],
  [/^POST \/repos\/hotgigs\/app\/actions\/runs\/(\d+)\/approve$/, approveRun],
  [/^POST \/api\/gantry\/logout$/, signOut],
  ...REPOSITORY_ROUTES.map(([pattern, act]) => [pattern, (call) => act({ ...call, reply, bodyOf })]),
];

function listRuns({ stub, answer, url }) {
  const value = (name) => url.searchParams.get(name) ?? '';
  const states = value('status').split(',').filter(Boolean);
  const words = value('q').toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...stub.views.values()]
    .map((view) => view.run)
    .filter((run) => value('before') === '' || run.id < Number(value('before')))
    .filter((run) => states.length === 0 || states.includes(run.conclusion ?? run.status))
    .filter((run) => value('repository') === '' || run.repository.full_name === value('repository'))
    .filter((run) => {
      const text = `${run.display_title} ${run.name} ${run.repository.full_name} ${run.head_branch}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => b.id - a.id);
  const size = Number(value('per_page') || 30);
  const runs = found.slice(0, size);
  reply(answer, 200, { workflow_runs: runs, next_cursor: found.length > size ? runs.at(-1).id : null });
}

function getSummaries({ stub, answer, ids: [id] }) {
  reply(answer, 200, { summaries: stub.summaries.get(Number(id)) ?? [] });
}

function getReports({ answer, ids: [id] }) {
  reply(answer, 200, Number(id) === RUNS.failed ? REPORTS : NO_REPORTS);
}

function searchLogs({ stub, answer, url, ids: [id] }) {
  const q = url.searchParams.get('q').toLowerCase();
  const jobs = stub.views.get(Number(id)).jobs.map((job) => job.id);
  const hits = jobs.flatMap((job_id) =>
    (stub.logs.get(job_id) ?? []).flatMap(({ step_number, first_line, text }) =>
      text.split('\n').flatMap((line, at) => {
        const isHit = line.toLowerCase().includes(q);
        return isHit ? [{ job_id, step_number, line: first_line + at, text: line, before: [], after: [] }] : [];
      }),
    ),
  );
  reply(answer, 200, { hits: hits.slice(0, 500), is_cut: hits.length > 500 });
}

async function rerun({ stub, request, answer, url, ids: [id] }) {
  stub.posted.push({ path: url.pathname, body: await bodyOf(request) });
  stub.change(Number(id), (view) => {
    view.latest_attempt += 1;
    Object.assign(view.run, { status: 'queued', conclusion: null, run_attempt: view.latest_attempt });
  });
  reply(answer, 201, {});
}

function getRun({ stub, answer, ids: [id, attempt] }) {
  const view = stub.views.get(Number(id));
  if (view !== undefined && attempt !== undefined) {
    reply(answer, 200, { ...view, run: { ...view.run, run_attempt: Number(attempt), status: 'completed', conclusion: 'failure' } });
  } else if (view === undefined) reply(answer, 404, { message: 'Not Found' });
  else reply(answer, 200, view);
}

function getLog({ stub, answer, url, ids: [id] }) {
  const after = Number(url.searchParams.get('after') ?? -1);
  const chunks = (stub.logs.get(Number(id)) ?? []).filter((each) => each.sequence > after);
  reply(answer, 200, {
    chunks: chunks.slice(0, CHUNKS_PER_PAGE),
    is_complete: isDone(stub, Number(id)) && chunks.length <= CHUNKS_PER_PAGE,
  });
}

/** Sends no text, as for a long log: what is on screen is asked for. */
function getLogOutline({ stub, answer, ids: [id] }) {
  const kinds = { 'group': 0, 'endgroup': 1, 'error': 2 };
  const chunks = (stub.logs.get(Number(id)) ?? []).map(({ sequence, step_number, first_line, text }) => {
    const lines = linesOf(text);
    const marks = lines.flatMap((line, at) => {
      const kind = kinds[/^(?:\S+Z )?##\[(group|endgroup|error)\]/.exec(line)?.[1]];
      return kind === undefined ? [] : [at * 4 + kind];
    });
    return [sequence, step_number, first_line, lines.length, marks];
  });
  reply(answer, 200, { chunks, texts: [], is_complete: isDone(stub, Number(id)) });
}

function searchLog({ stub, answer, url, ids: [id] }) {
  const q = url.searchParams.get('q').toLowerCase();
  const after = Number(url.searchParams.get('after') ?? -1);
  const chunks = (stub.logs.get(Number(id)) ?? []).filter((each) => each.sequence > after);
  const lines = chunks.flatMap(({ step_number, first_line, text }) =>
    linesOf(text).flatMap((line, at) => (line.toLowerCase().includes(q) ? [[step_number, first_line + at]] : [])),
  );
  reply(answer, 200, { lines, through: chunks.at(-1)?.sequence ?? after, has_more: false });
}

function linesOf(text) {
  return text.replace(/\n$/, '').split('\n');
}

function isDone(stub, id) {
  const jobs = [...stub.views.values()].flatMap((view) => view.jobs);
  return jobs.find((job) => job.id === id)?.status === 'completed';
}

function openStream({ stub, request, answer, url }) {
  const number = (name) => (url.searchParams.has(name) ? Number(url.searchParams.get(name)) : null);
  const stream = { answer, run: number('run'), job: number('job') };
  answer.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  answer.write(': open\n\n');
  stub.streams.add(stream);
  // As the real one does: what has changed before the stream stood is not lost.
  const view = stub.views.get(stream.run);
  if (view !== undefined) send(answer, 'run', view);
  request.on('close', () => stub.streams.delete(stream));
  const after = number('after') ?? -1;
  for (const each of stub.logs.get(stream.job) ?? []) if (each.sequence > after) sendLog(answer, each);
}

async function review({ stub, request, answer, url, ids: [id] }) {
  const body = await bodyOf(request);
  stub.posted.push({ path: url.pathname, body });
  stub.change(Number(id), (view) => {
    view.pending_deployments = [];
    const job = view.jobs.find((each) => each.status === 'waiting');
    Object.assign(job, { status: 'queued', reason: null });
    Object.assign(view.run, { status: 'in_progress' });
  });
  reply(answer, 200, []);
}

async function approveRun({ stub, request, answer, url, ids: [id] }) {
  stub.posted.push({ path: url.pathname, body: await bodyOf(request) });
  stub.change(Number(id), (view) => {
    Object.assign(view, { reason: null });
    Object.assign(view.run, { status: 'queued', conclusion: null });
  });
  reply(answer, 201, {});
}

async function cancel({ stub, request, answer, url, ids: [id] }) {
  stub.posted.push({ path: url.pathname, body: await bodyOf(request) });
  stub.change(Number(id), (view) => {
    Object.assign(view.run, { status: 'completed', conclusion: 'cancelled' });
    for (const job of view.jobs.filter((each) => each.status !== 'completed')) {
      Object.assign(job, { status: 'completed', conclusion: 'cancelled', reason: 'Cancelled by octavia.' });
    }
  });
  reply(answer, 202, {});
}

function signOut({ stub, answer }) {
  stub.isSignedIn = false;
  answer.writeHead(204, HEADERS).end();
}

async function serveFile(answer, path) {
  const wanted = extname(path) === '' ? 'index.html' : normalize(path);
  try {
    const content = await readFile(join(DIST, wanted));
    answer.writeHead(200, { ...HEADERS, 'content-type': KINDS[extname(wanted)] ?? 'application/octet-stream' }).end(content);
  } catch {
    reply(answer, 404, { message: `${wanted} is not built: run \`npm run build\` in web/ first` });
  }
}

const HEADERS = { 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' };

function reply(answer, status, body) {
  answer.writeHead(status, { ...HEADERS, 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function send(answer, event, data) {
  answer.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function sendLog(answer, added) {
  answer.write(`id: ${added.sequence}\nevent: log\ndata: ${JSON.stringify(added)}\n\n`);
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const text = Buffer.concat(parts).toString();
  return text === '' ? null : JSON.parse(text);
}
