// Calls about how a repository is doing: numbers, schedules, environments, what an event would start.

import { pathOf, queryOf, request } from './request';
import { ownPath } from './repositories';
import type { Conclusion, Status } from './shapes';

export interface WorkflowInsights {
  workflow_id: number;
  name: string;
  path: string;
  n_runs: number;
  n_succeeded: number;
  n_failed: number;
  p50_seconds: number | null;
  p95_seconds: number | null;
}

export interface RunPoint {
  id: number;
  run_number: number;
  workflow_name: string;
  conclusion: Conclusion;
  started_at: string;
  seconds: number;
}

export interface Insights {
  days: number;
  workflows: WorkflowInsights[];
  /** Oldest first. */
  runs: RunPoint[];
  queue_wait: { n_jobs: number; p50_seconds: number | null; p95_seconds: number | null };
  slowest_steps: { job_name: string; step_name: string; n_times: number; p50_seconds: number; p95_seconds: number }[];
  flaky_jobs: { job_name: string; workflow_name: string; n_runs: number; last_run_id: number }[];
}

export function getInsights(repository: string, workflow: number | null, days: number): Promise<Insights> {
  return request('GET', `${ownPath(repository)}/insights${queryOf({ workflow, days })}`);
}

export interface Schedule {
  workflow_path: string;
  cron: string;
  timezone: string;
  next_due_at: string;
  /** Newest first. */
  firings: { due_at: string; fired_at: string; run_id: number | null }[];
  missed: string[];
}

export async function listSchedules(repository: string): Promise<Schedule[]> {
  return (await request<{ schedules: Schedule[] }>('GET', `${ownPath(repository)}/schedules`)).schedules;
}

export interface PreviewedFile {
  path: string;
  name: string;
  starts: boolean;
  reason: string | null;
  jobs: { id: string; needs: string[] }[];
}

export interface PreviewQuery {
  event: string;
  ref: string;
  activity: string;
}

export function getPreview(repository: string, query: PreviewQuery): Promise<{ sha: string; files: PreviewedFile[] }> {
  return request('GET', `${ownPath(repository)}/preview${queryOf({ ...query })}`);
}

export interface ProtectionRule {
  type: string;
  wait_timer?: number;
  reviewers?: { reviewer: { login?: string; name?: string } }[];
}

export interface Environment {
  name: string;
  protection_rules: ProtectionRule[];
}

export async function listEnvironments(repository: string): Promise<Environment[]> {
  const path = `/repos/${pathOf(repository)}/environments?per_page=100`;
  return (await request<{ environments: Environment[] }>('GET', path)).environments;
}

export interface Deployment {
  job_id: number;
  job_name: string;
  run_id: number;
  run_attempt: number;
  can_repeat: boolean;
  title: string;
  head_branch: string;
  head_sha: string;
  actor: string;
  status: Status;
  conclusion: Conclusion | null;
  environment_url: string | null;
  started_at: string | null;
  completed_at: string | null;
  review: { state: string; reviewer: string; comment: string } | null;
}

export async function listDeployments(repository: string, environment: string): Promise<Deployment[]> {
  const path = `${ownPath(repository)}/environments/${encodeURIComponent(environment)}/deployments`;
  return (await request<{ deployments: Deployment[] }>('GET', path)).deployments;
}

/** Where secrets and variables belong: the repository, or one of its environments. */
export interface Place {
  repository: string;
  environment: string | null;
}

function placePath({ repository, environment }: Place): string {
  const base = `/repos/${pathOf(repository)}`;
  return environment === null ? `${base}/actions` : `${base}/environments/${encodeURIComponent(environment)}`;
}

export interface Secret {
  name: string;
  updated_at: string;
}

export async function listSecrets(place: Place): Promise<Secret[]> {
  return (await request<{ secrets: Secret[] }>('GET', `${placePath(place)}/secrets?per_page=100`)).secrets;
}

export async function putSecret(place: Place, name: string, value: string): Promise<void> {
  const path = `${ownPath(place.repository)}/secrets/${encodeURIComponent(name)}`;
  await request('PUT', path, { value, environment: place.environment });
}

export async function deleteSecret(place: Place, name: string): Promise<void> {
  await request('DELETE', `${placePath(place)}/secrets/${encodeURIComponent(name)}`);
}

export interface Variable {
  name: string;
  value: string;
  updated_at: string;
}

export async function listVariables(place: Place): Promise<Variable[]> {
  return (await request<{ variables: Variable[] }>('GET', `${placePath(place)}/variables?per_page=30`)).variables;
}

export async function createVariable(place: Place, name: string, value: string): Promise<void> {
  await request('POST', `${placePath(place)}/variables`, { name, value });
}

export async function updateVariable(place: Place, name: string, value: string): Promise<void> {
  await request('PATCH', `${placePath(place)}/variables/${encodeURIComponent(name)}`, { name, value });
}

export async function deleteVariable(place: Place, name: string): Promise<void> {
  await request('DELETE', `${placePath(place)}/variables/${encodeURIComponent(name)}`);
}

export async function getBadgeLink(repository: string, workflow: number): Promise<string> {
  return (await request<{ url: string }>('GET', `${ownPath(repository)}/workflows/${workflow}/badge-link`)).url;
}
