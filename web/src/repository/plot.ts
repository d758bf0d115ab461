// Points of a drawing from the durations of runs.
//
// Pure arithmetic. Invariant: every point lies within the drawing, also when all runs took no time.

import type { RunPoint } from '../api/insights';

export interface PlotSize {
  width: number;
  height: number;
}

export interface PlottedRun {
  point: RunPoint;
  x: number;
  y: number;
}

export interface Plot {
  runs: PlottedRun[];
  /** Heights with a line, and the seconds they stand for. */
  lines: { y: number; seconds: number }[];
}

/** Steps that people count in, in seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];

const MOST_LINES = 5;

/** Room for the dots at the edges. */
const MARGIN = 6;

export function plotRuns(points: RunPoint[], { width, height }: PlotSize): Plot {
  const longest = Math.max(1, ...points.map((point) => point.seconds));
  const step = STEPS.find((each) => longest / each <= MOST_LINES) ?? Math.ceil(longest / MOST_LINES);
  const top = Math.ceil(longest / step) * step;
  const yOf = (seconds: number) => height - MARGIN - (Math.max(0, seconds) / top) * (height - 2 * MARGIN);
  const gap = points.length < 2 ? 0 : (width - 2 * MARGIN) / (points.length - 1);
  const runs = points.map((point, at) => {
    const x = points.length < 2 ? width / 2 : MARGIN + at * gap;
    return { point, x, y: yOf(point.seconds) };
  });
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, at) => ({ y: yOf(at * step), seconds: at * step }));
  return { runs, lines };
}

/** `97 %`, or nothing when none counts. */
export function rateOf(n_succeeded: number, n_failed: number): string {
  const n = n_succeeded + n_failed;
  return n === 0 ? '–' : `${Math.floor((100 * n_succeeded) / n)} %`;
}
