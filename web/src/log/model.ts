// The log of one job: chunks in any order -> lines and groups per step.
//
// Keeps raw text and parses nothing but markers. Invariants: a chunk may come twice or out of
// order; a line shows only when every line before it in its step is there; `after` is the sequence
// a stream resumes from without losing a chunk.

import type { LogChunk } from '../api/shapes';
import { kindOf } from './line';

/** A run of lines: plain, or a `##[group]` with its head. End lines are left out. */
export interface Block {
  start: number;
  /** Exclusive; grows while the block is open. */
  end: number;
  isGroup: boolean;
  isClosed: boolean;
  hasError: boolean;
}

/** Stands for a line that never came. */
const MISSING_LINE = '##[warning]This line did not arrive. The raw log may have it.';

export class StepLog {
  readonly lines: (string | undefined)[] = [];
  readonly blocks: Block[] = [];
  /** Indices of `##[error]` lines. */
  readonly errors: number[] = [];
  /** Lines that can be shown: all before this index are there. */
  n_ready = 0;

  append(firstLine: number, texts: string[]): void {
    for (let at = 0; at < texts.length; at += 1) this.lines[firstLine + at] ??= texts[at];
    this.#scan();
  }

  /** No more lines will come: show what is there. */
  seal(): void {
    for (let at = this.n_ready; at < this.lines.length; at += 1) this.lines[at] ??= MISSING_LINE;
    this.#scan();
  }

  #scan(): void {
    for (let line = this.lines[this.n_ready]; line !== undefined; line = this.lines[this.n_ready]) {
      this.#take(this.n_ready, line);
      this.n_ready += 1;
    }
  }

  #take(index: number, line: string): void {
    const kind = kindOf(line);
    const last = this.blocks.at(-1);
    if (kind === 'endgroup') {
      if (last !== undefined) last.isClosed = true;
      return;
    }
    if (kind === 'group' || last === undefined || last.isClosed) {
      if (last !== undefined) last.isClosed = true;
      this.blocks.push({ start: index, end: index + 1, isGroup: kind === 'group', isClosed: false, hasError: false });
    } else {
      last.end = index + 1;
    }
    if (kind !== 'error') return;
    this.errors.push(index);
    const block = this.blocks.at(-1);
    if (block !== undefined) block.hasError = true;
  }
}

const EMPTY = new StepLog();

export class JobLog {
  readonly #steps = new Map<number, StepLog>();
  /** Received sequences above `#after`. */
  readonly #ahead = new Set<number>();
  #after = -1;
  n_lines = 0;

  /** The last sequence up to which nothing is missing; null before the first. */
  get after(): number | null {
    return this.#after === -1 ? null : this.#after;
  }

  step(number: number): StepLog {
    return this.#steps.get(number) ?? EMPTY;
  }

  stepNumbers(): number[] {
    return [...this.#steps.keys()].sort((a, b) => a - b);
  }

  /** False for a chunk that is already there. */
  append(chunk: LogChunk): boolean {
    if (chunk.sequence <= this.#after || this.#ahead.has(chunk.sequence)) return false;
    this.#remember(chunk.sequence);
    const texts = chunk.text.split('\n');
    if (texts.at(-1) === '') texts.pop();
    let step = this.#steps.get(chunk.step_number);
    if (step === undefined) {
      step = new StepLog();
      this.#steps.set(chunk.step_number, step);
    }
    const before = step.n_ready;
    step.append(chunk.first_line, texts);
    this.n_lines += step.n_ready - before;
    return true;
  }

  /** The log is complete: lines that are missing now will not come. */
  seal(): void {
    for (const step of this.#steps.values()) step.seal();
  }

  #remember(sequence: number): void {
    this.#ahead.add(sequence);
    while (this.#ahead.delete(this.#after + 1)) this.#after += 1;
  }
}
