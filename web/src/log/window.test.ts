// Rows on screen, folded groups, and bodies taller than a browser allows.
import { describe, expect, it } from 'vitest';

import { JobLog } from './model';
import { RowIndex } from './rows';
import { bodyHeight, MAX_BODY_PX, ROW_PX, scrollTopOf, visibleRows } from './window';

describe('rows', () => {
  const log = new JobLog();
  log.append({
    sequence: 0,
    step_number: 1,
    first_line: 0,
    text: 'a\n##[group]g\nb\nc\n##[endgroup]\nd\n##[group]h\ne\n##[endgroup]\nf\n',
  });
  const lines = (index: RowIndex) => Array.from({ length: index.n_rows }, (_, row) => index.at(row)?.line);

  it('leave out the bodies of folded groups', () => {
    expect(lines(new RowIndex(log.step(1), () => true))).toEqual([0, 1, 2, 3, 5, 6, 7, 9]);
    expect(lines(new RowIndex(log.step(1), () => false))).toEqual([0, 1, 5, 6, 9]);
    expect(lines(new RowIndex(log.step(1), (block) => block.start === 6))).toEqual([0, 1, 5, 6, 7, 9]);
  });

  it('are found again by their line', () => {
    for (const isOpen of [() => true, () => false]) {
      const index = new RowIndex(log.step(1), isOpen);
      lines(index).forEach((line, row) => expect(index.rowOfLine(line!)).toBe(row));
    }
  });

  it('stand in for a hidden line with the head of its group', () => {
    const index = new RowIndex(log.step(1), () => false);
    expect(index.rowOfLine(3)).toBe(1);
    expect(index.blockOf(3)?.start).toBe(1);
    expect(index.at(99)).toBeNull();
  });
});

describe('window', () => {
  it('holds the rows around the view', () => {
    const window = visibleRows({ top: 100, n_rows: 1000 }, { top: 100 + 400 * ROW_PX, height: 400 });
    expect(window.first).toBeLessThanOrEqual(400);
    expect(window.last).toBeGreaterThanOrEqual(420);
    expect(window.last - window.first).toBeLessThan(60);
    expect(window.offset).toBe(window.first * ROW_PX);
  });

  it('is empty when the body is out of sight', () => {
    expect(visibleRows({ top: 5000, n_rows: 10 }, { top: 0, height: 400 })).toEqual({ first: 0, last: 0, offset: 0 });
    expect(visibleRows({ top: 0, n_rows: 10 }, { top: 5000, height: 400 })).toEqual({ first: 0, last: 0, offset: 0 });
  });

  it('reaches both ends of a body taller than a browser allows', () => {
    const body = { top: 40, n_rows: 2_000_000 };
    const height = bodyHeight(body.n_rows);
    expect(height).toBe(MAX_BODY_PX);
    expect(visibleRows(body, { top: 40, height: 600 }).first).toBe(0);
    const end = visibleRows(body, { top: 40 + height - 600, height: 600 });
    expect(end.last).toBe(body.n_rows);
    expect(end.offset + (end.last - end.first) * ROW_PX).toBeCloseTo(height);
  });

  it('shows the row it was asked to scroll to', () => {
    for (const n_rows of [1000, 2_000_000]) {
      const body = { top: 40, n_rows };
      for (const row of [0, 17, Math.floor(n_rows / 2), n_rows - 1]) {
        const top = scrollTopOf(body, row, 200, 600);
        const window = visibleRows(body, { top, height: 600 });
        const place = body.top + window.offset + (row - window.first) * ROW_PX - top;
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThan(600);
      }
    }
  });
});
