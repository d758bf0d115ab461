// Addresses within one run, in the attempt that is shown.

import type { Job, RunView } from '../api/shapes';
import { hrefOf, partsOf } from '../router/route';

/** The attempt as an address names it: the newest one goes without a number. */
export function attemptOf(view: RunView): number | null {
  return view.run.run_attempt === view.latest_attempt ? null : view.run.run_attempt;
}

export function runHref(view: RunView, page: 'run' | 'file' | 'payload' | 'search' = 'run'): string {
  return hrefOf({ page, ...partsOf(view.run.repository.full_name), run: view.run.id, attempt: attemptOf(view) });
}

export function jobHref(view: RunView, job: Job): string {
  const of = partsOf(view.run.repository.full_name);
  return hrefOf({ page: 'job', ...of, run: view.run.id, attempt: attemptOf(view), job: job.id });
}

/** Where the workflow's file is shown with the job's lines marked. */
export function fileHref(view: RunView, job: Job): string {
  return `${runHref(view, 'file')}?job=${encodeURIComponent(job.job_key)}`;
}
