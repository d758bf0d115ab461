// Durations and ages as people read them.
import { describe, expect, it } from 'vitest';

import { elapsed, formatAge, formatDuration, parseTime } from './time';

describe('duration', () => {
  it.each([
    [-5, '0s'],
    [0, '0s'],
    [850, '850ms'],
    [1000, '1s'],
    [4270, '4.2s'],
    [9999, '9.9s'],
    [42_900, '42s'],
    [59_999, '59s'],
    [60_000, '1m 00s'],
    [187_000, '3m 07s'],
    [3_600_000, '1h 00m'],
    [7_500_000, '2h 05m'],
    [273_600_000, '3d 4h'],
  ])('%i ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('age', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');
  it.each([
    ['2026-11-24T12:00:30Z', 'just now'],
    ['2026-11-24T11:59:30Z', 'just now'],
    ['2026-11-24T11:59:10Z', '1 min ago'],
    ['2026-11-24T11:20:00Z', '40 min ago'],
    ['2026-11-24T09:00:00Z', '3 h ago'],
    ['2026-11-23T10:00:00Z', '1 day ago'],
    ['2026-11-14T12:00:00Z', '10 days ago'],
    ['2026-01-02T03:04:05Z', '2026-01-02'],
  ])('%s reads %s', (then, text) => {
    expect(formatAge(Date.parse(then), now)).toBe(text);
  });
});

describe('elapsed', () => {
  it('runs on until there is an end', () => {
    const now = Date.parse('2026-11-24T12:00:10Z');
    expect(elapsed('2026-11-24T12:00:00Z', null, now)).toBe(10_000);
    expect(elapsed('2026-11-24T12:00:00Z', '2026-11-24T12:00:04Z', now)).toBe(4_000);
  });

  it('is nothing before the start and never negative', () => {
    expect(elapsed(null, null, 0)).toBeNull();
    expect(elapsed('2026-11-24T12:00:10Z', null, Date.parse('2026-11-24T12:00:00Z'))).toBe(0);
    expect(parseTime('not a time')).toBeNull();
  });
});
