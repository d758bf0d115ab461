// The log of one job, built from chunks.
import { describe, expect, it } from 'vitest';

import type { LogChunk } from '../api/shapes';
import { JobLog } from './model';

function chunk(sequence: number, first_line: number, ...lines: string[]): LogChunk {
  return { sequence, step_number: 1, first_line, text: lines.map((line) => `${line}\n`).join('') };
}

function shown(log: JobLog): (string | undefined)[] {
  const step = log.step(1);
  return step.lines.slice(0, step.n_ready);
}

describe('chunks', () => {
  const chunks = [chunk(0, 0, 'a', 'b'), chunk(1, 2, 'c'), chunk(2, 3, 'd', ''), chunk(3, 5, 'f')];

  it('give the same log in any order and when repeated', () => {
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
      [1, 1, 0, 3, 0, 2, 3],
    ];
    for (const order of orders) {
      const log = new JobLog();
      for (const at of order) log.append(chunks[at]!);
      expect(shown(log)).toEqual(['a', 'b', 'c', 'd', '', 'f']);
      expect(log.after).toBe(3);
      expect(log.n_lines).toBe(6);
    }
  });

  it('show no line before the ones ahead of it are there', () => {
    const log = new JobLog();
    log.append(chunks[0]!);
    log.append(chunks[2]!);
    expect(shown(log)).toEqual(['a', 'b']);
    log.append(chunks[1]!);
    expect(shown(log)).toEqual(['a', 'b', 'c', 'd', '']);
  });

  it('resume behind the last sequence without a gap', () => {
    const log = new JobLog();
    expect(log.after).toBeNull();
    log.append(chunks[0]!);
    log.append(chunks[3]!);
    expect(log.after).toBe(0);
    expect(log.append(chunks[3]!)).toBe(false);
  });

  it('belong to their step', () => {
    const log = new JobLog();
    log.append({ ...chunk(0, 0, 'second'), step_number: 2 });
    log.append({ ...chunk(1, 0, 'first'), step_number: 1 });
    expect(log.stepNumbers()).toEqual([1, 2]);
    expect(log.step(2).lines).toEqual(['second']);
    expect(log.step(9).n_ready).toBe(0);
  });

  it('that never came leave a line that says so once the log is complete', () => {
    const log = new JobLog();
    log.append(chunks[0]!);
    log.append(chunks[2]!);
    log.seal();
    expect(shown(log)).toHaveLength(5);
    expect(shown(log)[2]).toContain('did not arrive');
  });
});

describe('groups', () => {
  it('become blocks without their end lines', () => {
    const log = new JobLog();
    log.append(chunk(0, 0, 'before', '##[group]Run make', 'make', '##[endgroup]', 'after', '##[endgroup]', 'end'));
    expect(log.step(1).blocks).toMatchObject([
      { start: 0, end: 1, isGroup: false },
      { start: 1, end: 3, isGroup: true, isClosed: true },
      { start: 4, end: 5, isGroup: false },
      { start: 6, end: 7, isGroup: false },
    ]);
  });

  it('end where the next one starts', () => {
    const log = new JobLog();
    log.append(chunk(0, 0, '##[group]one', 'x', '##[group]two', 'y'));
    expect(log.step(1).blocks).toMatchObject([
      { start: 0, end: 2, isClosed: true },
      { start: 2, end: 4, isClosed: false },
    ]);
  });

  it('know that they hold an error', () => {
    const log = new JobLog();
    log.append(chunk(0, 0, '##[group]Run', '##[error]boom', '##[endgroup]', '##[error]exit code 1'));
    expect(log.step(1).errors).toEqual([1, 3]);
    expect(log.step(1).blocks.map((block) => block.hasError)).toEqual([true, true]);
  });
});

it('takes 200,000 lines in a moment', () => {
  const log = new JobLog();
  const started = performance.now();
  for (let sequence = 0; sequence < 200; sequence += 1) {
    const lines = Array.from({ length: 1000 }, (_, at) => `2026-08-17T09:03:12.1234567Z line ${sequence * 1000 + at}`);
    log.append(chunk(sequence, sequence * 1000, ...lines));
  }
  expect(log.n_lines).toBe(200_000);
  expect(performance.now() - started).toBeLessThan(5000);
});
