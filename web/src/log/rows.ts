// Which lines of a step are rows on screen, given the groups that are folded.
//
// Invariant: `rowOfLine(lineOfRow(row))` is `row` for every row.

import type { Block, StepLog } from './model';

/** Whether the body of a group is shown. */
export type IsOpen = (block: Block) => boolean;

export class RowIndex {
  readonly #blocks: Block[];
  /** First row of each block, and at the end the number of rows. */
  readonly #firstRows: number[];

  constructor(step: StepLog, isOpen: IsOpen) {
    this.#blocks = step.blocks;
    this.#firstRows = [0];
    let row = 0;
    for (const block of step.blocks) {
      row += block.isGroup && !isOpen(block) ? 1 : block.end - block.start;
      this.#firstRows.push(row);
    }
  }

  get n_rows(): number {
    return this.#firstRows.at(-1) ?? 0;
  }

  /** The line of a row and the block it is in. */
  at(row: number): { line: number; block: Block } | null {
    if (row < 0 || row >= this.n_rows) return null;
    const index = lastAtMost(this.#firstRows, row, (first) => first);
    const block = this.#blocks[index];
    if (block === undefined) return null;
    return { line: block.start + row - (this.#firstRows[index] ?? 0), block };
  }

  /** The block a line is in, or the one before it when the line is an end line. */
  blockOf(line: number): Block | null {
    return this.#blocks[this.#indexOf(line)] ?? null;
  }

  /** The row that shows a line, or the nearest before it. */
  rowOfLine(line: number): number {
    const index = this.#indexOf(line);
    const block = this.#blocks[index];
    if (block === undefined) return 0;
    const first = this.#firstRows[index] ?? 0;
    const last = (this.#firstRows[index + 1] ?? 1) - 1;
    return Math.min(last, first + Math.max(0, line - block.start));
  }

  #indexOf(line: number): number {
    return lastAtMost(this.#blocks, line, (block) => block.start);
  }
}

/** Index of the last item whose key is at most `limit`; keys ascend. */
function lastAtMost<T>(items: T[], limit: number, key: (item: T) => number): number {
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const item = items[middle];
    if (item !== undefined && key(item) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
