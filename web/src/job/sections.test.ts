// Steps as sections of the log.
import { describe, expect, it } from 'vitest';

import type { Conclusion, Step } from '../api/shapes';
import { JobLog } from '../log/model';
import { ROW_PX } from '../log/window';
import { allErrors, firstFailure, HEAD_PX, layoutSections, tailTop, type Choices } from './sections';

function step(number: number, conclusion: Conclusion | null): Step {
  const status = conclusion === null ? 'in_progress' : 'completed';
  return { number, name: `step ${number}`, status, conclusion, started_at: null, completed_at: null };
}

function logOf(steps: Record<number, string>): JobLog {
  const log = new JobLog();
  Object.entries(steps).forEach(([number, text], sequence) =>
    log.append({ sequence, step_number: Number(number), first_line: 0, text }),
  );
  return log;
}

const NONE: Choices = { steps: new Map(), groups: new Map() };

describe('sections', () => {
  const log = logOf({ 1: 'a\nb\n', 2: 'c\n##[group]g\nd\n##[error]boom\n##[endgroup]\n', 3: 'e\n' });
  const steps = [step(1, 'success'), step(2, 'failure'), step(3, null)];

  it('are open for the failed and the running step only', () => {
    const sections = layoutSections(steps, log, NONE);
    expect(sections.map((section) => section.isOpen)).toEqual([false, true, true]);
    expect(sections.map((section) => section.height)).toEqual([HEAD_PX, HEAD_PX + 4 * ROW_PX, HEAD_PX + ROW_PX]);
    expect(sections.map((section) => section.top)).toEqual([0, HEAD_PX, 2 * HEAD_PX + 4 * ROW_PX]);
  });

  it('follow what the person opened and folded', () => {
    const choices = { steps: new Map([[1, true]]), groups: new Map([['2:1', false]]) };
    const sections = layoutSections(steps, log, choices);
    expect(sections[0]?.body.n_rows).toBe(2);
    expect(sections[1]?.body.n_rows).toBe(2);
  });

  it('keep a row for an open step that has said nothing', () => {
    expect(layoutSections([step(1, null)], new JobLog(), NONE)[0]?.body.n_rows).toBe(1);
  });

  it('show lines of a step that was not reported yet', () => {
    const sections = layoutSections([step(1, 'success')], log, NONE);
    expect(sections.map((section) => section.step.number)).toEqual([1, 2, 3]);
  });

  it('put the end of the running step in view, with two heads below it at most', () => {
    const many = [...steps, ...[4, 5, 6].map((number) => ({ ...step(number, null), status: 'queued' as const }))];
    const sections = layoutSections(many, log, NONE);
    const end = (sections[2]?.top ?? 0) + (sections[2]?.height ?? 0);
    expect(tailTop(sections, 100)).toBe(end + 2 * HEAD_PX - 100);
    expect(tailTop([], 100)).toBe(0);
  });
});

describe('the first failure', () => {
  it('is the first error line of the first failed step', () => {
    const log = logOf({ 1: '##[error]tolerated\n', 2: 'x\n##[error]real\n##[error]exit code 1\n' });
    expect(firstFailure([step(1, 'success'), step(2, 'failure')], log)).toEqual({ step: 2, line: 1 });
    expect(allErrors(log)).toHaveLength(3);
  });

  it('is the last line where no line is marked', () => {
    expect(firstFailure([step(1, 'failure')], logOf({ 1: 'x\ny\n' }))).toEqual({ step: 1, line: 1 });
  });

  it('is nowhere in a green job or without a log', () => {
    expect(firstFailure([step(1, 'success')], logOf({ 1: 'x\n' }))).toBeNull();
    expect(firstFailure([step(1, 'failure')], new JobLog())).toBeNull();
  });
});
