// Groups of legs, and the bars of a run's timeline.
import { describe, expect, it } from 'vitest';

import type { Job, WorkflowRun } from '../api/shapes';
import { explain, groupJobs, legName, runEnd, segmentsOf, spanOf, toneOfGroup } from './jobs';

function job(change: Partial<Job>): Job {
  return {
    id: 1,
    job_key: 'test',
    leg: 0,
    name: 'test',
    needs: [],
    status: 'completed',
    conclusion: 'success',
    reason: null,
    environment: null,
    environment_url: null,
    started_at: '2026-11-24T12:00:10Z',
    completed_at: '2026-11-24T12:00:20Z',
    steps: [],
    annotations: [],
    ...change,
  };
}

const RUN = {
  status: 'completed',
  conclusion: 'success',
  created_at: '2026-11-24T12:00:00Z',
  run_started_at: '2026-11-24T12:00:00Z',
  updated_at: '2026-11-24T13:00:00Z',
} as WorkflowRun;

const NOW = Date.parse('2026-11-24T12:00:30Z');

describe('groups', () => {
  it('hold the legs of a job in their order', () => {
    const groups = groupJobs([job({ id: 2, leg: 1 }), job({ id: 3, job_key: 'lint' }), job({ id: 1, leg: 0 })]);
    expect(groups.map((group) => [group.key, group.jobs.map((each) => each.id)])).toEqual([
      ['test', [1, 2]],
      ['lint', [3]],
    ]);
  });

  it('wear the state that wants attention most', () => {
    expect(toneOfGroup([job({}), job({ conclusion: 'failure' })])).toBe('failure');
    expect(toneOfGroup([job({}), job({ status: 'in_progress', conclusion: null })])).toBe('running');
    expect(toneOfGroup([job({}), job({ conclusion: 'skipped' })])).toBe('success');
  });

  it('name a leg by its matrix', () => {
    expect(legName(job({ name: 'Test (3.11, debian (slim))' }))).toBe('3.11, debian (slim)');
    expect(legName(job({ name: 'on 3.11' }))).toBe('on 3.11');
  });
});

describe('the explanation', () => {
  const pending = job({ status: 'pending', conclusion: null, needs: ['lint', 'test'] });

  it('is the reason of the server where there is one', () => {
    expect(explain(job({ reason: 'no runner has `gpu`' }), [])).toBe('no runner has `gpu`');
  });

  it('names the needs that are not done', () => {
    const jobs = [job({ job_key: 'lint' }), job({ job_key: 'test', status: 'in_progress', conclusion: null })];
    expect(explain(pending, jobs)).toBe('Waiting for `test`.');
    expect(explain(pending, [])).toBe('Not started yet.');
  });

  it('says what else a job waits for', () => {
    expect(explain(job({ status: 'queued', conclusion: null }), [])).toBe('Waiting for a runner.');
    expect(explain(job({ status: 'waiting', conclusion: null, environment: 'production' }), [])).toBe(
      'Waiting for an approval of `production`.',
    );
    expect(explain(job({ conclusion: 'skipped' }), [])).toBe('This job was skipped.');
  });

  it('is silent about a job that just runs or ran', () => {
    expect(explain(job({}), [])).toBeNull();
    expect(explain(job({ status: 'in_progress', conclusion: null }), [])).toBeNull();
  });
});

describe('timeline', () => {
  it('spans the run, and grows while it is not over', () => {
    expect(spanOf(RUN, [job({})], NOW).end).toBe(Date.parse('2026-11-24T12:00:20Z'));
    expect(spanOf({ ...RUN, status: 'in_progress', conclusion: null }, [job({})], NOW).end).toBe(NOW);
  });

  it('says what a job spent its time on', () => {
    const span = { start: Date.parse('2026-11-24T12:00:00Z'), end: Date.parse('2026-11-24T12:00:20Z') };
    const step = (number: number, from: number, to: number | null): Job['steps'][number] => ({
      number,
      name: `step ${number}`,
      status: to === null ? 'in_progress' : 'completed',
      conclusion: to === null ? null : 'success',
      started_at: new Date(span.start + from * 1000).toISOString(),
      completed_at: to === null ? null : new Date(span.start + to * 1000).toISOString(),
    });
    const running = job({
      queued_at: '2026-11-24T12:00:05Z',
      completed_at: null,
      steps: [step(1, 10, 12), step(2, 12, null)],
    });
    const parts = segmentsOf(running, span, span.start + 16_000);
    expect(parts.map(({ kind, left, width, ms }) => [kind, left, width, ms])).toEqual([
      ['queued', 25, 25, 5000],
      ['setup', 50, 10, 2000],
      ['step', 60, 20, 4000],
    ]);
    expect(segmentsOf(job({ started_at: null, completed_at: null }), span, span.end)).toEqual([]);
    expect(segmentsOf(job({}), span, span.end).map(({ kind, left, width }) => [kind, left, width])).toEqual([
      ['step', 50, 50],
    ]);
  });

  it('ends with the last job', () => {
    expect(runEnd(RUN, [job({}), job({ completed_at: '2026-11-24T12:00:25Z' })])).toBe('2026-11-24T12:00:25Z');
    expect(runEnd(RUN, [])).toBe('2026-11-24T13:00:00Z');
    expect(runEnd({ ...RUN, status: 'in_progress' }, [job({})])).toBeNull();
  });
});
