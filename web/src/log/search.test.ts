// Search in a job's log.
import { describe, expect, it } from 'vitest';

import { JobLog } from './model';
import { LogSearch } from './search';

function logOf(...texts: string[]): JobLog {
  const log = new JobLog();
  texts.forEach((text, at) => log.append({ sequence: at, step_number: at + 1, first_line: 0, text }));
  return log;
}

describe('search', () => {
  it('finds text in every step, whatever the case and the colours', () => {
    const log = logOf('one\nError here\n', '\u001b[31mER\u001b[0mROR\nnothing\n');
    expect(new LogSearch('error').run(log)).toEqual([
      { step: 1, line: 1 },
      { step: 2, line: 0 },
    ]);
  });

  it('does not find what is not shown', () => {
    const log = logOf('2026-08-17T09:03:12.1234567Z ##[group]build\n##[endgroup]\n');
    expect(new LogSearch('2026').run(log)).toEqual([]);
    expect(new LogSearch('endgroup').run(log)).toEqual([]);
    expect(new LogSearch('').run(log)).toEqual([]);
  });

  it('goes on with lines that came later', () => {
    const log = logOf('a\n');
    const search = new LogSearch('a');
    expect(search.run(log)).toHaveLength(1);
    log.append({ sequence: 1, step_number: 1, first_line: 1, text: 'b\na\n' });
    expect(search.run(log)).toEqual([
      { step: 1, line: 0 },
      { step: 1, line: 2 },
    ]);
  });

  it('looks through 200,000 lines in a moment', () => {
    const log = logOf('some quite ordinary line of a build log, 80 characters of it or so\n'.repeat(200_000));
    const started = performance.now();
    expect(new LogSearch('NOT THERE').run(log)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
