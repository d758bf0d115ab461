// Finds text in a job's log; the server reads it, so that a log of any size can be searched.
//
// Goes on where it stopped when the log has grown. Invariant: hits are in the order of the log, and
// those of an old query are never given for a new one.

import type { FoundLines } from '../api/shapes';

export interface Hit {
  step: number;
  /** Index within the step. */
  line: number;
}

/** Asks for lines behind a chunk. */
export type Look = (query: string, after: number | null) => Promise<FoundLines>;

/** Hits that are collected; nobody steps through more. */
const MAX_HITS = 50_000;

export class LogSearch {
  readonly #look: Look;
  #query = '';
  #hits: Hit[] = [];
  #through: number | null = null;
  #isLooking = false;
  /** Grows with every new query: answers to an old one are dropped. */
  #turn = 0;

  constructor(look: Look) {
    this.#look = look;
  }

  /** Hits of `query` up to chunk `last`; null while a search for it is under way, and for no query. */
  async run(query: string, last: number | null): Promise<Hit[] | null> {
    if (query !== this.#query) this.#begin(query);
    if (query === '' || this.#isLooking) return null;
    const turn = this.#turn;
    this.#isLooking = true;
    try {
      while ((this.#through ?? -1) < (last ?? -1) && this.#hits.length < MAX_HITS) {
        const found = await this.#look(query, this.#through);
        if (this.#turn !== turn) return null;
        for (const [step, line] of found.lines) this.#hits.push({ step, line });
        if (found.through === this.#through) break;
        this.#through = found.through;
      }
      return inOrder(this.#hits);
    } finally {
      if (this.#turn === turn) this.#isLooking = false;
    }
  }

  #begin(query: string): void {
    this.#turn += 1;
    this.#query = query;
    this.#hits = [];
    this.#through = null;
    this.#isLooking = false;
  }
}

/** Steps that ran beside each other wrote in turns. */
function inOrder(hits: Hit[]): Hit[] {
  return [...hits].sort((a, b) => a.step - b.step || a.line - b.line);
}
