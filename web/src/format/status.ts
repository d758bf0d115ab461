// A status and a conclusion as one word and one tone.
//
// Invariant: every status of the API has a word; an unknown one is shown as it came.

import type { Conclusion, Status } from '../api/shapes';

/** What colour and sign a state wears. */
export type Tone =
  | 'success'
  | 'failure'
  | 'cancelled'
  | 'skipped'
  | 'timed_out'
  | 'neutral'
  | 'running'
  | 'waiting'
  | 'queued';

export interface Stateful {
  status: Status;
  conclusion: Conclusion | null;
}

const TONES: Record<string, Tone> = {
  success: 'success',
  failure: 'failure',
  startup_failure: 'failure',
  cancelled: 'cancelled',
  skipped: 'skipped',
  timed_out: 'timed_out',
  neutral: 'neutral',
  stale: 'neutral',
  action_required: 'waiting',
  in_progress: 'running',
  waiting: 'waiting',
  queued: 'queued',
  pending: 'queued',
  requested: 'queued',
};

export function toneOf(state: Stateful): Tone {
  return TONES[state.conclusion ?? state.status] ?? 'neutral';
}

/** `Success`, `In progress`, `Startup failure`. */
export function wordOf(state: Stateful): string {
  const word = (state.conclusion ?? state.status).replaceAll('_', ' ');
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function isFailed(state: Stateful): boolean {
  const tone = toneOf(state);
  return tone === 'failure' || tone === 'timed_out';
}
