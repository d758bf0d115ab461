// Which runs the list shows.
import { describe, expect, it } from 'vitest';

import type { WorkflowRun } from '../api/shapes';
import { countByView, matchesText, parseView, viewOf } from './filter';

function run(change: Partial<WorkflowRun>): WorkflowRun {
  return {
    id: 10001,
    name: 'CI/CD',
    display_title: 'Fix the login',
    run_number: 12,
    run_attempt: 1,
    event: 'push',
    status: 'completed',
    conclusion: 'success',
    head_branch: 'main',
    head_sha: '4f1c0de000',
    created_at: '2026-11-24T12:00:00Z',
    updated_at: '2026-11-24T12:00:00Z',
    run_started_at: '2026-11-24T12:00:00Z',
    actor: { login: 'octavia' },
    repository: { full_name: 'acme/app' },
    ...change,
  };
}

describe('text', () => {
  it('must all occur in what the row shows', () => {
    for (const text of ['', 'login', 'FIX acme/app', 'octavia  main', '#12', '4f1c0de', '10001']) {
      expect(matchesText(run({}), text)).toBe(true);
    }
    expect(matchesText(run({}), 'login nowhere')).toBe(false);
  });

  it('copes with runs that have no name, branch or actor', () => {
    expect(matchesText(run({ name: null, head_branch: null, actor: null }), 'login')).toBe(true);
  });
});

describe('views', () => {
  it.each([
    [{ status: 'in_progress', conclusion: null }, 'active'],
    [{ status: 'queued', conclusion: null }, 'active'],
    [{ status: 'waiting', conclusion: null }, 'waiting'],
    [{ conclusion: 'startup_failure' }, 'failed'],
    [{ conclusion: 'timed_out' }, 'failed'],
    [{ conclusion: 'success' }, 'succeeded'],
    [{ conclusion: 'cancelled' }, 'other'],
  ] as [Partial<WorkflowRun>, string][])('%o is in %s', (change, view) => {
    expect(viewOf(run(change))).toBe(view);
  });

  it('count every run once', () => {
    const counts = countByView([run({}), run({ conclusion: 'failure' }), run({ conclusion: 'skipped' })]);
    expect(counts).toMatchObject({ all: 3, succeeded: 1, failed: 1, other: 1, active: 0 });
  });

  it('fall back to all', () => {
    expect(parseView('failed')).toBe('failed');
    expect(parseView('nonsense')).toBe('all');
    expect(parseView(null)).toBe('all');
  });
});
