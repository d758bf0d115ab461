// Points of a drawing from the durations of runs.
import { describe, expect, it } from 'vitest';

import type { RunPoint } from '../api/insights';
import { plotRuns, rateOf } from './plot';

const SIZE = { width: 600, height: 200 };

function points(...seconds: number[]): RunPoint[] {
  return seconds.map((each, at) => ({
    id: at,
    run_number: at,
    workflow_name: 'CI',
    conclusion: 'success',
    started_at: '2026-11-24T12:00:00Z',
    seconds: each,
  }));
}

describe('drawing', () => {
  it('keeps order, and longer runs stand higher', () => {
    const { runs } = plotRuns(points(10, 100, 50), SIZE);
    expect(runs.map((run) => run.x)).toEqual([6, 300, 594]);
    const [a = 0, b = 0, c = 0] = runs.map((run) => run.y);
    expect(b).toBeLessThan(c);
    expect(c).toBeLessThan(a);
  });

  it.each([[[]], [[0]], [[0, 0]], [[1e6]], [[-5, 3]], [[86_400 * 30]]])('of %j stays within its edges', (seconds) => {
    const { runs, lines } = plotRuns(points(...seconds), SIZE);
    for (const { x, y } of runs) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(SIZE.width);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(SIZE.height);
    }
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.length).toBeLessThanOrEqual(7);
  });
});

it.each([
  [0, 0, '–'],
  [1, 0, '100 %'],
  [999, 1, '99 %'],
  [0, 3, '0 %'],
])('%i of %i failed reads %s', (good, bad, text) => {
  expect(rateOf(good, bad)).toBe(text);
});
