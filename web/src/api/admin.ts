// Calls about runners and the whole server.

import { request } from './request';
import type { Conclusion, Role, Status } from './shapes';

export interface OpenJob {
  id: number;
  name: string;
  run_id: number;
  run_title: string;
  repository: string;
  runs_on: string[];
  reason: string | null;
  queued_at: string | null;
  started_at: string | null;
}

export interface Runner {
  id: number;
  name: string;
  labels: string[];
  version: string;
  is_online: boolean;
  is_draining: boolean;
  last_seen_at: string;
  jobs: OpenJob[];
}

export async function listRunners(): Promise<Runner[]> {
  return (await request<{ runners: Runner[] }>('GET', '/api/gantry/runners')).runners;
}

export async function listQueue(): Promise<OpenJob[]> {
  return (await request<{ jobs: OpenJob[] }>('GET', '/api/gantry/queue')).jobs;
}

export async function setDraining(runner: number, isDraining: boolean): Promise<void> {
  await request(isDraining ? 'PUT' : 'DELETE', `/api/gantry/runners/${runner}/drain`);
}

export function createRegistrationToken(): Promise<{ token: string; expires_at: string }> {
  return request('POST', '/api/gantry/runners/registration-token', {});
}

export interface Delivery {
  guid: string;
  source: 'webhook' | 'dispatch' | 'schedule';
  event: string;
  status: 'pending' | 'processed' | 'ignored' | 'failed';
  reason: string | null;
  n_attempts: number;
  received_at: string;
  completed_at: string | null;
}

export function listDeliveries(): Promise<Delivery[]> {
  return request('GET', '/api/gantry/deliveries');
}

export interface DeliveryDetail {
  delivery: Delivery;
  repository: string;
  payload: string;
  runs: { id: number; name: string; repository: string; status: Status; conclusion: Conclusion | null }[];
}

export function getDelivery(guid: string): Promise<DeliveryDetail> {
  return request('GET', `/api/gantry/deliveries/${encodeURIComponent(guid)}`);
}

export async function redeliver(guid: string): Promise<void> {
  await request('POST', `/api/gantry/deliveries/${encodeURIComponent(guid)}/redeliver`, {});
}

export interface AccessToken {
  id: number;
  login: string;
  role: Role;
  name: string;
  /** `owner/name` of each; all when null. */
  repositories: string[] | null;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}

/** Everybody's. */
export function listAccessTokens(): Promise<AccessToken[]> {
  return request('GET', '/api/gantry/access-tokens?all=true');
}

export function createAccessToken(login: string, role: Role, days: number | null): Promise<{ token: string }> {
  return request('POST', '/api/gantry/access-tokens', { login, role, ...(days === null ? {} : { expires_in_days: days }) });
}

export async function revokeAccessToken(id: number): Promise<void> {
  await request('DELETE', `/api/gantry/access-tokens/${id}`);
}

export interface AuditEntry {
  sequence: number;
  at: string;
  actor_kind: string;
  actor: string;
  address: string | null;
  action: string;
  /** `owner/name`. */
  repository: string | null;
  target: string | null;
  outcome: string;
  previous_hash: string;
  hash: string;
}

/** What entries have in common; an empty text restricts nothing. */
export interface AuditFilter {
  actor: string;
  action: string;
  repository: string;
  outcome: string;
}

export function auditAddress(filter: AuditFilter, more: Record<string, string>): string {
  const wanted = Object.entries({ ...filter, ...more }).filter(([, value]) => value !== '');
  return `/api/gantry/audit-log?${new URLSearchParams(wanted).toString()}`;
}

/** The newest of them, the newest first. */
export async function listAudit(filter: AuditFilter): Promise<AuditEntry[]> {
  return (await request<AuditEntry[]>('GET', auditAddress(filter, {}))).reverse();
}

/** The end of the chain; null when nothing has been sealed yet. */
export async function auditHead(): Promise<AuditEntry | null> {
  return (await request<AuditEntry[]>('GET', '/api/gantry/audit-log?limit=1'))[0] ?? null;
}

export interface ReconcilerPass {
  name: string;
  ended_at: string;
  duration_ms: number;
  n_changed: number | null;
  error: string | null;
}

export async function listReconcilers(): Promise<ReconcilerPass[]> {
  return (await request<{ reconcilers: ReconcilerPass[] }>('GET', '/api/gantry/reconcilers')).reconcilers;
}
