// The log of one job: what is where in it, and the text of the parts that were looked at last.
//
// Lays lines and groups out by the marks of chunks, with or without their text. Invariants: a chunk
// counts once however often it comes; `after` is the sequence a stream resumes from without losing a
// chunk; kept text stays below `MAX_KEPT_CHARACTERS`, whatever the size of the log.

import type { LogChunk, OutlinedChunk } from '../api/shapes';
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

/** What a mark says of its line; the server's numbers. */
const GROUP = 0;
const END_GROUP = 1;
const ERROR = 2;

/** Stands for a line that never came. */
const MISSING_LINE = '##[warning]This line did not arrive. The raw log may have it.';

/** Text that is kept, in characters; beyond it the part that was not looked at for longest goes. */
export const MAX_KEPT_CHARACTERS = 16_000_000;

/** A chunk of a step. */
interface Part {
  sequence: number;
  first_line: number;
  /** Exclusive. */
  end: number;
}

export class StepLog {
  readonly parts: Part[] = [];
  readonly blocks: Block[] = [];
  /** Indices of `##[error]` lines. */
  readonly errors: number[] = [];
  n_lines = 0;

  extend(sequence: number, firstLine: number, nLines: number, marks: number[]): void {
    const end = firstLine + nLines;
    this.parts.push({ sequence, first_line: firstLine, end });
    for (const mark of marks) {
      const line = firstLine + (mark >> 2);
      this.#plain(line);
      this.#marked(line, mark & 3);
    }
    this.#plain(end);
  }

  /** Index of the part that a line is in, or -1. */
  partOf(line: number): number {
    let low = 0;
    let high = this.parts.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const part = this.parts[middle];
      if (part === undefined) return -1;
      if (line < part.first_line) high = middle - 1;
      else if (line >= part.end) low = middle + 1;
      else return middle;
    }
    return -1;
  }

  /** Lines without a mark, up to `end`. */
  #plain(end: number): void {
    if (end <= this.n_lines) return;
    this.#grow(this.n_lines, end);
    this.n_lines = end;
  }

  #marked(line: number, kind: number): void {
    if (line < this.n_lines) return;
    this.n_lines = line + 1;
    if (kind === END_GROUP) {
      this.#close();
    } else if (kind === GROUP) {
      this.#close();
      this.blocks.push({ start: line, end: line + 1, isGroup: true, isClosed: false, hasError: false });
    } else if (kind === ERROR) {
      this.#grow(line, line + 1).hasError = true;
      this.errors.push(line);
    }
  }

  #close(): void {
    const last = this.blocks.at(-1);
    if (last !== undefined) last.isClosed = true;
  }

  #grow(start: number, end: number): Block {
    const last = this.blocks.at(-1);
    if (last !== undefined && !last.isClosed) {
      last.end = end;
      return last;
    }
    const block = { start, end, isGroup: false, isClosed: false, hasError: false };
    this.blocks.push(block);
    return block;
  }
}

const EMPTY = new StepLog();

export class JobLog {
  readonly #steps = new Map<number, StepLog>();
  /** Lines by the sequence of their chunk; what was looked at last stands at the end. */
  readonly #texts = new Map<number, { lines: string[]; n_characters: number }>();
  #nCharacters = 0;
  #after = -1;

  /** The last sequence that is known; null before the first. */
  get after(): number | null {
    return this.#after === -1 ? null : this.#after;
  }

  get n_lines(): number {
    let n_lines = 0;
    for (const step of this.#steps.values()) n_lines += step.n_lines;
    return n_lines;
  }

  step(number: number): StepLog {
    return this.#steps.get(number) ?? EMPTY;
  }

  stepNumbers(): number[] {
    return [...this.#steps.keys()].sort((a, b) => a - b);
  }

  /** What the server says of the whole log. */
  outline(chunks: OutlinedChunk[]): void {
    for (const [sequence, step, firstLine, nLines, marks] of chunks) {
      this.#extend(sequence, step, firstLine, nLines, () => marks);
    }
  }

  /** Takes text: of chunks that are new, or that were asked for. False if it changes nothing. */
  append(chunk: LogChunk): boolean {
    const isNew = chunk.sequence > this.#after;
    if (!isNew && this.#texts.has(chunk.sequence)) return false;
    const lines = chunk.text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    this.#extend(chunk.sequence, chunk.step_number, chunk.first_line, lines.length, () => marksOf(lines));
    this.#keep(chunk.sequence, lines, chunk.text.length);
    return true;
  }

  /** The raw line; null when its text has to be asked for. */
  line(step: number, line: number): string | null {
    const parts = this.step(step);
    const part = parts.parts[parts.partOf(line)];
    if (part === undefined) return MISSING_LINE;
    const text = this.#texts.get(part.sequence);
    return text === undefined ? null : (text.lines[line - part.first_line] ?? MISSING_LINE);
  }

  /** The first chunk without text that has a line of `from..end`; null when there is none. */
  firstMissing(step: number, from: number, end: number): number | null {
    const { parts } = this.step(step);
    const first = parts.findLastIndex((part) => part.first_line <= from);
    for (let at = Math.max(0, first); at < parts.length; at += 1) {
      const part = parts[at];
      if (part === undefined || part.first_line >= end) return null;
      if (part.end > from && !this.#texts.has(part.sequence)) return part.sequence;
      this.#touch(part.sequence);
    }
    return null;
  }

  #extend(sequence: number, stepNumber: number, firstLine: number, nLines: number, marks: () => number[]): void {
    if (sequence <= this.#after) return;
    this.#after = sequence;
    let step = this.#steps.get(stepNumber);
    if (step === undefined) {
      step = new StepLog();
      this.#steps.set(stepNumber, step);
    }
    step.extend(sequence, firstLine, nLines, marks());
  }

  #keep(sequence: number, lines: string[], n_characters: number): void {
    this.#texts.set(sequence, { lines, n_characters });
    this.#nCharacters += n_characters;
    for (const [oldest, text] of this.#texts) {
      if (this.#nCharacters <= MAX_KEPT_CHARACTERS || oldest === sequence) return;
      this.#texts.delete(oldest);
      this.#nCharacters -= text.n_characters;
    }
  }

  #touch(sequence: number): void {
    const text = this.#texts.get(sequence);
    if (text === undefined) return;
    this.#texts.delete(sequence);
    this.#texts.set(sequence, text);
  }
}

function marksOf(lines: string[]): number[] {
  const kinds: Partial<Record<string, number>> = { group: GROUP, endgroup: END_GROUP, error: ERROR };
  return lines.flatMap((line, at) => {
    const kind = line.includes('##[') ? kinds[kindOf(line)] : undefined;
    return kind === undefined ? [] : [at * 4 + kind];
  });
}
