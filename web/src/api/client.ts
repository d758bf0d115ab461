// Calls to the server: JSON in, JSON out, problems as one error type.
//
// Same origin only; the session cookie is the browser's business. Invariant: every answer that is
// not 2xx becomes an `ApiProblem` with the server's own message.

import { clock } from '../format/clock.svelte';
import type { LogPage, RunList, RunView, Session } from './shapes';

export class ApiProblem extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

let signedOut: () => void = () => {};

/** Called whenever the server says that nobody is signed in. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

export function getSession(): Promise<Session> {
  return request('GET', '/api/gantry/session');
}

export async function signOut(): Promise<void> {
  await request('POST', '/api/gantry/logout', {});
}

export function listRuns(page: number, perPage: number): Promise<RunList> {
  return request('GET', `/api/gantry/runs?per_page=${perPage}&page=${page}`);
}

export function getRun(run: number): Promise<RunView> {
  return request('GET', `/api/gantry/runs/${run}`);
}

export function getLog(job: number, after: number | null): Promise<LogPage> {
  const query = after === null ? '' : `?after=${after}`;
  return request('GET', `/api/gantry/jobs/${job}/log${query}`);
}

export async function cancelRun(repository: string, run: number): Promise<void> {
  await request('POST', `${runPath(repository, run)}/cancel`, {});
}

export interface Review {
  environment_ids: number[];
  state: 'approved' | 'rejected';
  comment: string;
}

export async function reviewDeployments(repository: string, run: number, review: Review): Promise<void> {
  await request('POST', `${runPath(repository, run)}/pending_deployments`, review);
}

export function rawLogHref(repository: string, job: number): string {
  return `/repos/${pathOf(repository)}/actions/jobs/${job}/logs`;
}

function runPath(repository: string, run: number): string {
  return `/repos/${pathOf(repository)}/actions/runs/${run}`;
}

function pathOf(repository: string): string {
  return repository.split('/').map(encodeURIComponent).join('/');
}

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await send(method, path, body);
  clock.observe(answer.headers.get('date'));
  const text = await answer.text();
  if (answer.status === 401) signedOut();
  if (!answer.ok) throw new ApiProblem(answer.status, messageOf(text, answer.status));
  return (text === '' ? null : parsed(text)) as T;
}

async function send(method: string, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  try {
    return await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    throw new ApiProblem(0, 'The server does not answer.');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiProblem(0, 'The server sent something that is not JSON.');
  }
}

function messageOf(text: string, status: number): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message);
  } catch {
    // Not JSON: a proxy's page, say. The status is all there is to tell.
  }
  return `The server answered ${status}.`;
}
