// Which runs the list shows, as the address says it and as the server is asked for it.
//
// Invariant: every state of a run is in exactly one of the views besides `all`.

import type { RunsQuery } from '../api/client';

export const VIEWS = ['all', 'active', 'waiting', 'failed', 'succeeded', 'other'] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_NAMES: Record<View, string> = {
  all: 'All',
  active: 'Active',
  waiting: 'Waiting',
  failed: 'Failed',
  succeeded: 'Succeeded',
  other: 'Other',
};

/** Statuses and conclusions of each view. */
export const STATES: Record<View, string[]> = {
  all: [],
  active: ['queued', 'in_progress', 'pending', 'requested'],
  waiting: ['waiting', 'action_required'],
  failed: ['failure', 'timed_out', 'startup_failure'],
  succeeded: ['success'],
  other: ['cancelled', 'skipped', 'neutral', 'stale'],
};

/** Fields of the filter besides the view and the words. */
export const FIELDS = ['repository', 'workflow', 'branch', 'event', 'actor'] as const;
export type Field = (typeof FIELDS)[number];

/** Events that start workflows, the frequent ones first. */
export const EVENTS = [
  'push',
  'pull_request',
  'workflow_dispatch',
  'schedule',
  'release',
  'merge_group',
  'workflow_run',
  'repository_dispatch',
  'pull_request_target',
  'issue_comment',
  'issues',
  'create',
  'delete',
];

export function parseView(text: string | null): View {
  return VIEWS.find((view) => view === text) ?? 'all';
}

/** What the server is asked for. */
export function queryOfAddress(address: URLSearchParams): RunsQuery {
  const value = (name: string) => address.get(name)?.trim() ?? '';
  return {
    repository: value('repository'),
    workflow: value('workflow'),
    branch: value('branch'),
    event: value('event'),
    actor: value('actor'),
    status: STATES[parseView(address.get('status'))].join(','),
    q: value('q'),
  };
}

/** The address with one field changed. Workflows belong to a repository and go with it. */
export function changed(address: URLSearchParams, name: Field | 'q' | 'status', value: string): URLSearchParams {
  const next = new URLSearchParams(address);
  if (value === '' || (name === 'status' && value === 'all')) next.delete(name);
  else next.set(name, value);
  if (name === 'repository') next.delete('workflow');
  return next;
}

export function countFields(address: URLSearchParams): number {
  return FIELDS.filter((name) => (address.get(name) ?? '') !== '').length;
}
