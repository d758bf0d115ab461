// Finds text in a job's log, whatever its case.
//
// Goes on where it stopped when lines were added. Invariant: hits are in the order of the log.

import { plainText } from './line';
import type { JobLog } from './model';

export interface Hit {
  step: number;
  /** Index within the step. */
  line: number;
}

export class LogSearch {
  readonly query: string;
  readonly #needle: string;
  readonly #perStep = new Map<number, { n_searched: number; hits: Hit[] }>();

  constructor(query: string) {
    this.query = query;
    this.#needle = query.toLowerCase();
  }

  /** All hits so far; looks only at lines it has not seen. */
  run(log: JobLog): Hit[] {
    if (this.#needle === '') return [];
    return log.stepNumbers().flatMap((number) => this.#searchStep(log, number));
  }

  #searchStep(log: JobLog, number: number): Hit[] {
    const seen = this.#perStep.get(number) ?? { n_searched: 0, hits: [] };
    this.#perStep.set(number, seen);
    const step = log.step(number);
    for (; seen.n_searched < step.n_ready; seen.n_searched += 1) {
      const raw = step.lines[seen.n_searched] ?? '';
      if (plainText(raw).toLowerCase().includes(this.#needle)) seen.hits.push({ step: number, line: seen.n_searched });
    }
    return seen.hits;
  }
}
