// The log of one job, built from an outline and from chunks.
import { describe, expect, it } from 'vitest';

import type { LogChunk, OutlinedChunk } from '../api/shapes';
import { JobLog, MAX_KEPT_CHARACTERS } from './model';

function chunk(sequence: number, first_line: number, ...lines: string[]): LogChunk {
  return { sequence, step_number: 1, first_line, text: lines.map((line) => `${line}\n`).join('') };
}

function shown(log: JobLog): (string | null)[] {
  return Array.from({ length: log.step(1).n_lines }, (_, line) => log.line(1, line));
}

describe('chunks', () => {
  const chunks = [chunk(0, 0, 'a', 'b'), chunk(1, 2, 'c'), chunk(2, 3, 'd', ''), chunk(3, 5, 'f')];

  it('count once, however often they come', () => {
    const log = new JobLog();
    expect(log.after).toBeNull();
    for (const at of [0, 1, 1, 0, 2, 3, 2]) log.append(chunks[at]!);
    expect(shown(log)).toEqual(['a', 'b', 'c', 'd', '', 'f']);
    expect([log.after, log.n_lines]).toEqual([3, 6]);
    expect(log.append(chunks[3]!)).toBe(false);
  });

  it('belong to their step', () => {
    const log = new JobLog();
    log.append({ ...chunk(0, 0, 'second'), step_number: 2 });
    log.append({ ...chunk(1, 0, 'first'), step_number: 1 });
    expect(log.stepNumbers()).toEqual([1, 2]);
    expect(log.line(2, 0)).toBe('second');
    expect(log.step(9).n_lines).toBe(0);
  });

  it('that never came leave lines that say so', () => {
    const log = new JobLog();
    log.append(chunks[0]!);
    log.append(chunks[2]!);
    expect(shown(log)).toHaveLength(5);
    expect(shown(log)[2]).toContain('did not arrive');
  });
});

describe('an outline', () => {
  const outline: OutlinedChunk[] = [
    [0, 1, 0, 3, [0]],
    [1, 1, 3, 2, [1]],
    [2, 1, 5, 2, [6]],
  ];

  it('lays out what has no text yet', () => {
    const log = new JobLog();
    log.outline(outline);
    expect([log.after, log.n_lines, log.step(1).errors]).toEqual([2, 7, [6]]);
    expect(log.step(1).blocks).toMatchObject([
      { start: 0, end: 3, isGroup: true, isClosed: true },
      { start: 4, end: 7, isGroup: false, hasError: true },
    ]);
    expect(shown(log)).toEqual(Array(7).fill(null));
  });

  it('tells what to ask for', () => {
    const log = new JobLog();
    log.outline(outline);
    expect(log.firstMissing(1, 0, 7)).toBe(0);
    expect(log.append(chunk(1, 3, '##[endgroup]', 'text'))).toBe(true);
    expect(log.line(1, 4)).toBe('text');
    expect([log.firstMissing(1, 3, 5), log.firstMissing(1, 3, 6), log.firstMissing(1, 4, 5)]).toEqual([null, 2, null]);
    expect(log.firstMissing(3, 0, 9)).toBeNull();
  });

  it('gives the same blocks as the text', () => {
    const texts = [chunk(0, 0, '##[group]Run make', 'x', '2026-08-17T09:03:12Z ##[error]boom'), chunk(1, 3, '##[endgroup]', 'end')];
    const [byText, byOutline] = [new JobLog(), new JobLog()];
    for (const text of texts) byText.append(text);
    byOutline.outline([[0, 1, 0, 3, [0, 10]], [1, 1, 3, 2, [1]]]);
    expect(byOutline.step(1).blocks).toEqual(byText.step(1).blocks);
    expect(byOutline.step(1).errors).toEqual(byText.step(1).errors);
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

it('keeps no more text than it may, and what was looked at last', () => {
  const log = new JobLog();
  const line = 'x'.repeat(MAX_KEPT_CHARACTERS / 4);
  for (let at = 0; at < 3; at += 1) log.append(chunk(at, at, line));
  expect(log.firstMissing(1, 0, 1)).toBeNull();
  for (let at = 3; at < 5; at += 1) log.append(chunk(at, at, line));
  expect(shown(log).map((text) => text !== null)).toEqual([true, false, false, true, true]);
  expect(log.append(chunk(1, 1, 'short'))).toBe(true);
  expect(log.line(1, 1)).toBe('short');
});

it('lays a million lines out in a moment', () => {
  const log = new JobLog();
  const started = performance.now();
  log.outline(Array.from({ length: 1000 }, (_, at): OutlinedChunk => [at, 1, at * 1000, 1000, [0, 4000 - 3]]));
  expect(log.n_lines).toBe(1_000_000);
  expect(log.step(1).blocks).toHaveLength(1000);
  expect(performance.now() - started).toBeLessThan(5000);
});
