// A job's steps as sections of one long scrolled list: which are open, and where each stands.
//
// Pure arithmetic over the steps and the log. Invariant: a section's body begins right below its
// head, and sections follow each other without a gap.

import type { Step } from '../api/shapes';
import { isFailed } from '../format/status';
import type { Block, JobLog } from '../log/model';
import { RowIndex } from '../log/rows';
import { bodyHeight, type Body } from '../log/window';

/** Height of a step's head; `--head` in the log's style sheet is the same. */
export const HEAD_PX = 36;

export interface Section {
  step: Step;
  isOpen: boolean;
  /** Rows of the body; empty while closed. */
  rows: RowIndex;
  top: number;
  body: Body;
  height: number;
}

/** What the person opened and closed by hand. */
export interface Choices {
  steps: ReadonlyMap<number, boolean>;
  /** By `groupKey`. */
  groups: ReadonlyMap<string, boolean>;
}

export function groupKey(step: number, block: Block): string {
  return `${step}:${block.start}`;
}

/** Steps that failed or run are open; all others are closed until someone opens them. */
export function isStepOpen(step: Step, choices: Choices): boolean {
  return choices.steps.get(step.number) ?? (isFailed(step) || step.status === 'in_progress');
}

/** Groups are folded, but not those with an error, nor the one that still grows. */
export function isGroupOpen(step: Step, block: Block, choices: Choices): boolean {
  const chosen = choices.groups.get(groupKey(step.number, block));
  return chosen ?? (block.hasError || (!block.isClosed && step.status === 'in_progress'));
}

export function layoutSections(steps: Step[], log: JobLog, choices: Choices): Section[] {
  let top = 0;
  return withLogOnly(steps, log).map((step) => {
    const isOpen = isStepOpen(step, choices);
    const rows = new RowIndex(log.step(step.number), (block) => isGroupOpen(step, block, choices));
    const n_rows = isOpen ? Math.max(1, rows.n_rows) : 0;
    const section: Section = {
      step,
      isOpen,
      rows,
      top,
      body: { top: top + HEAD_PX, n_rows },
      height: HEAD_PX + bodyHeight(n_rows),
    };
    top += section.height;
    return section;
  });
}

/** Log lines can arrive before the step that wrote them is reported. */
function withLogOnly(steps: Step[], log: JobLog): Step[] {
  const known = new Set(steps.map((step) => step.number));
  const extra = log
    .stepNumbers()
    .filter((number) => !known.has(number))
    .map((number): Step => {
      return { number, name: `Step ${number}`, status: 'in_progress', conclusion: null, started_at: null, completed_at: null };
    });
  return [...steps, ...extra].sort((a, b) => a.number - b.number);
}

export interface Spot {
  step: number;
  /** Index within the step, from 0. */
  line: number;
  /** Of several lines the last one. */
  last?: number;
}

/** Where someone who opens a failed job wants to look first. */
export function firstFailure(steps: Step[], log: JobLog): Spot | null {
  const failed = steps.filter(isFailed);
  for (const step of failed) {
    const line = log.step(step.number).errors[0];
    if (line !== undefined) return { step: step.number, line };
  }
  const first = failed[0];
  if (first === undefined) return null;
  const n_lines = log.step(first.number).n_lines;
  return n_lines === 0 ? null : { step: first.number, line: n_lines - 1 };
}

/** All `##[error]` lines in order. */
export function allErrors(log: JobLog): Spot[] {
  return log.stepNumbers().flatMap((step) => log.step(step).errors.map((line) => ({ step, line })));
}

/** The scroll position that shows the end of what is being written. */
export function tailTop(sections: Section[], viewHeight: number): number {
  const running = sections.findLast((section) => section.step.status === 'in_progress') ?? sections.at(-1);
  if (running === undefined) return 0;
  const last = sections.at(-1);
  const below = last === undefined ? 0 : last.top + last.height - (running.top + running.height);
  return Math.max(0, running.top + running.height + Math.min(below, 2 * HEAD_PX) - viewHeight);
}
