// A run's jobs as the page groups and orders them.
//
// Invariant: every job is in exactly one group, and legs stay in their order.

import type { Job, WorkflowRun } from '../api/shapes';
import { parseTime } from '../format/time';
import { toneOf, type Tone } from '../format/status';

/** All legs of one key under `jobs:`. */
export interface JobGroup {
  key: string;
  needs: string[];
  jobs: Job[];
}

export function groupJobs(jobs: Job[]): JobGroup[] {
  const groups = new Map<string, JobGroup>();
  for (const job of jobs) {
    const group = groups.get(job.job_key);
    if (group === undefined) groups.set(job.job_key, { key: job.job_key, needs: [...job.needs], jobs: [job] });
    else group.jobs.push(job);
  }
  for (const group of groups.values()) group.jobs.sort((a, b) => a.leg - b.leg);
  return [...groups.values()];
}

/** What a group wears: the state that wants attention most. */
const BY_ATTENTION: Tone[] = [
  'failure',
  'timed_out',
  'waiting',
  'running',
  'queued',
  'cancelled',
  'neutral',
  'success',
  'skipped',
];

export function toneOfGroup(jobs: Job[]): Tone {
  const tones = new Set(jobs.map(toneOf));
  return BY_ATTENTION.find((tone) => tones.has(tone)) ?? 'neutral';
}

/** `3.11` of the leg `test (3.11)`; the whole name where legs have no common form. */
export function legName(job: Job): string {
  const match = /^.*? \((.+)\)$/.exec(job.name);
  return match?.[1] ?? job.name;
}

/**
 * Why a job waits, was skipped or ended early, in words; null for one that just runs or ran.
 * The server's own words where it gave some.
 */
export function explain(job: Job, jobs: Job[]): string | null {
  if (job.reason !== null && job.reason !== '') return job.reason;
  if (job.conclusion === 'skipped') return 'This job was skipped.';
  if (job.status === 'queued') return 'Waiting for a runner.';
  if (job.status === 'waiting') {
    return job.environment === null ? 'Waiting for an approval.' : `Waiting for an approval of \`${job.environment}\`.`;
  }
  if (job.status !== 'pending') return null;
  const open = new Set(jobs.filter((each) => each.status !== 'completed').map((each) => each.job_key));
  const needs = job.needs.filter((need) => open.has(need)).map((need) => `\`${need}\``);
  return needs.length === 0 ? 'Not started yet.' : `Waiting for ${needs.join(', ')}.`;
}

export interface Span {
  start: number;
  end: number;
}

/** From the first sign of the run to its end, or to now. */
export function spanOf(run: WorkflowRun, jobs: Job[], now: number): Span {
  const times = (pick: (job: Job) => string | null) =>
    jobs.map(pick).flatMap((text) => parseTime(text) ?? []);
  const started = parseTime(run.run_started_at) ?? parseTime(run.created_at) ?? now;
  const firsts = [...times((job) => job.started_at), ...times((job) => job.queued_at ?? null)];
  // A job that kept its result began in an earlier attempt.
  const start = Math.min(started, ...firsts.filter((time) => run.run_attempt === 1 || time >= started));
  const ends = times((job) => job.completed_at);
  const end = run.status === 'completed' ? Math.max(start, ...ends) : now;
  return { start, end: Math.max(end, start + 1000) };
}

/** A piece of a job's bar. */
export interface Segment {
  kind: 'queued' | 'setup' | 'step';
  name: string;
  tone: Tone;
  left: number;
  width: number;
  ms: number;
}

/** What a job spent its time on, in percent of the span: waiting, the first step, the other steps. */
export function segmentsOf(job: Job, span: Span, now: number): Segment[] {
  const whole = span.end - span.start;
  const segment = (kind: Segment['kind'], name: string, tone: Tone, start: number, end: number): Segment => {
    const left = clampPercent(((start - span.start) / whole) * 100);
    const width = Math.min(100 - left, clampPercent(((end - start) / whole) * 100));
    return { kind, name, tone, left, width, ms: Math.max(0, end - start) };
  };
  const queued = parseTime(job.queued_at);
  const started = parseTime(job.started_at);
  const ended = parseTime(job.completed_at) ?? now;
  const segments: Segment[] = [];
  if (queued !== null && (started ?? ended) > queued) {
    segments.push(segment('queued', 'Waiting for a runner', 'queued', queued, started ?? ended));
  }
  if (started === null) return segments;
  let reached = started;
  for (const step of job.steps) {
    const from = parseTime(step.started_at);
    if (from === null) continue;
    const to = parseTime(step.completed_at) ?? ended;
    const kind = step.number === 1 ? 'setup' : 'step';
    segments.push(segment(kind, step.name, kind === 'setup' ? 'neutral' : toneOf(step), Math.max(reached, from), to));
    reached = Math.max(reached, to);
  }
  if (job.steps.length === 0) segments.push(segment('step', job.name, toneOf(job), started, ended));
  return segments;
}

/** When the run ended: the last job's end, since `updated_at` may move later. */
export function runEnd(run: WorkflowRun, jobs: Job[]): string | null {
  if (run.status !== 'completed') return null;
  const ends = jobs.flatMap((job) => job.completed_at ?? []);
  return ends.length === 0 ? run.updated_at : ends.reduce((a, b) => (Date.parse(a) > Date.parse(b) ? a : b));
}

function clampPercent(value: number): number {
  return Math.min(100, Math.max(0, value));
}
