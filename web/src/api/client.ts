// Calls about the session, runs and jobs.

import { pathOf, queryOf, request, requestText } from './request';
import type { Artifact, FoundLines, LogOutline, LogPage, Reports, RunList, RunSummary, RunView, Session } from './shapes';

export { ApiProblem, onSignedOut } from './request';

export function getSession(): Promise<Session> {
  return request('GET', '/api/gantry/session');
}

export async function signOut(): Promise<void> {
  await request('POST', '/api/gantry/logout', {});
}

/** Which runs; an empty text restricts nothing. */
export interface RunsQuery {
  repository: string;
  workflow: string;
  branch: string;
  event: string;
  actor: string;
  /** With commas between them. */
  status: string;
  q: string;
}

export function listRuns(query: Partial<RunsQuery>, perPage: number, before: number | null): Promise<RunList> {
  return request('GET', `/api/gantry/runs${queryOf({ ...query, per_page: perPage, before })}`);
}

export function getRun(run: number, attempt: number | null): Promise<RunView> {
  return request('GET', `/api/gantry/runs/${run}${attempt === null ? '' : `/attempts/${attempt}`}`);
}

export async function getSummaries(run: number, attempt: number): Promise<RunSummary[]> {
  const path = `/api/gantry/runs/${run}/attempts/${attempt}/summaries`;
  return (await request<{ summaries: RunSummary[] }>('GET', path)).summaries;
}

export function getReports(run: number, attempt: number): Promise<Reports> {
  return request('GET', `/api/gantry/runs/${run}/attempts/${attempt}/reports`);
}

export interface SearchHit {
  job_id: number;
  step_number: number;
  /** Index within the step, from 0. */
  line: number;
  text: string;
  before: string[];
  after: string[];
}

/** Lines of all logs of an attempt; the server searches. */
export function searchLogs(
  run: number,
  attempt: number,
  q: string,
  isPattern: boolean,
): Promise<{ hits: SearchHit[]; is_cut: boolean }> {
  const query = queryOf({ q, regex: isPattern ? 'true' : '' });
  return request('GET', `/api/gantry/runs/${run}/attempts/${attempt}/log-search${query}`);
}

export async function listArtifacts(repository: string, run: number): Promise<Artifact[]> {
  const path = `${runPath(repository, run)}/artifacts?per_page=100`;
  return (await request<{ artifacts: Artifact[] }>('GET', path)).artifacts;
}

/** The body of the delivery that caused the run, as it came. */
export function getPayload(run: number): Promise<string> {
  return requestText('GET', `/api/gantry/runs/${run}/payload`);
}

/** A file of a commit. */
export async function getFile(repository: string, path: string, sha: string): Promise<string> {
  const place = path.split('/').map(encodeURIComponent).join('/');
  const file = await request<{ content: string }>('GET', `/repos/${pathOf(repository)}/contents/${place}?ref=${sha}`);
  return new TextDecoder().decode(Uint8Array.from(atob(file.content), (sign) => sign.charCodeAt(0)));
}

export function getLogOutline(job: number): Promise<LogOutline> {
  return request('GET', `/api/gantry/jobs/${job}/log-outline`);
}

/** Some screens of text; chunks are as large as the runner made them, so it may be more. */
const PAGE_BYTES = 128 * 1024;

/** Text from a chunk on. */
export function getLogFrom(job: number, sequence: number): Promise<LogPage> {
  const after = sequence === 0 ? null : sequence - 1;
  return request('GET', `/api/gantry/jobs/${job}/log${queryOf({ after, max_bytes: PAGE_BYTES })}`);
}

/** Lines of a job's log that have `q`, whatever the case, behind chunk `after`. */
export function searchLog(job: number, q: string, after: number | null): Promise<FoundLines> {
  return request('GET', `/api/gantry/jobs/${job}/log-search${queryOf({ q, after })}`);
}

export async function cancelRun(repository: string, run: number): Promise<void> {
  await request('POST', `${runPath(repository, run)}/cancel`, {});
}

/** Ends the run whatever its jobs say. */
export async function forceCancelRun(repository: string, run: number): Promise<void> {
  await request('POST', `${runPath(repository, run)}/force-cancel`, {});
}

/** What to run again: everything, what failed, or the job with this number. */
export type RerunWhat = 'all' | 'failed' | number;

export async function rerun(repository: string, run: number, what: RerunWhat, isDebug: boolean): Promise<void> {
  const ways = { all: `${runPath(repository, run)}/rerun`, failed: `${runPath(repository, run)}/rerun-failed-jobs` };
  const path = typeof what === 'number' ? `/repos/${pathOf(repository)}/actions/jobs/${what}/rerun` : ways[what];
  await request('POST', path, { enable_debug_logging: isDebug });
}

export async function approveRun(repository: string, run: number): Promise<void> {
  await request('POST', `${runPath(repository, run)}/approve`);
}

export async function deleteRun(repository: string, run: number): Promise<void> {
  await request('DELETE', runPath(repository, run));
}

export async function deleteLogs(repository: string, run: number): Promise<void> {
  await request('DELETE', `${runPath(repository, run)}/logs`);
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

/** All logs of an attempt in one archive. */
export function logsHref(repository: string, run: number, attempt: number): string {
  return `${runPath(repository, run)}/attempts/${attempt}/logs`;
}

export function artifactHref(repository: string, artifact: number): string {
  return `/repos/${pathOf(repository)}/actions/artifacts/${artifact}/zip`;
}

function runPath(repository: string, run: number): string {
  return `/repos/${pathOf(repository)}/actions/runs/${run}`;
}
