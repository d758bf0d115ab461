// Which runs of the loaded ones the list shows.
//
// Invariant: every run is in exactly one of the views besides `all`.

import type { WorkflowRun } from '../api/shapes';
import { toneOf } from '../format/status';

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

export function viewOf(run: WorkflowRun): View {
  switch (toneOf(run)) {
    case 'running':
    case 'queued':
      return 'active';
    case 'waiting':
      return 'waiting';
    case 'failure':
    case 'timed_out':
      return 'failed';
    case 'success':
      return 'succeeded';
    default:
      return 'other';
  }
}

export function parseView(text: string | null): View {
  return VIEWS.find((view) => view === text) ?? 'all';
}

/** Every word must occur somewhere in what the row shows. */
export function matchesText(run: WorkflowRun, text: string): boolean {
  const shown = [
    run.display_title,
    run.name ?? '',
    `#${run.run_number}`,
    run.repository.full_name,
    run.head_branch ?? '',
    run.event,
    run.head_sha,
    run.actor?.login ?? '',
    String(run.id),
  ]
    .join('\n')
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => shown.includes(word));
}

export function countByView(runs: WorkflowRun[]): Record<View, number> {
  const counts: Record<View, number> = { all: 0, active: 0, waiting: 0, failed: 0, succeeded: 0, other: 0 };
  for (const run of runs) {
    counts.all += 1;
    counts[viewOf(run)] += 1;
  }
  return counts;
}
