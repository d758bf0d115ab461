// Search in a job's log, answered by a server.
import { describe, expect, it } from 'vitest';

import type { FoundLines } from '../api/shapes';
import { LogSearch } from './search';

/** Answers each call by hand. */
function server() {
  const asked: { query: string; after: number | null; answer: (found: FoundLines) => void }[] = [];
  const search = new LogSearch((query, after) => new Promise((answer) => void asked.push({ query, after, answer })));
  return { asked, search };
}

describe('search', () => {
  it('goes on until the end of the log, in its order', async () => {
    const { asked, search } = server();
    const found = search.run('error', 9);
    asked[0]!.answer({ lines: [[2, 5], [1, 7]], through: 4, has_more: true });
    await Promise.resolve();
    await Promise.resolve();
    expect(asked.map(({ query, after }) => [query, after])).toEqual([['error', null], ['error', 4]]);
    asked[1]!.answer({ lines: [[2, 9]], through: 9, has_more: false });
    expect(await found).toEqual([{ step: 1, line: 7 }, { step: 2, line: 5 }, { step: 2, line: 9 }]);
  });

  it('asks only for what was added when the log has grown', async () => {
    const { asked, search } = server();
    const first = search.run('a', 0);
    asked[0]!.answer({ lines: [[1, 0]], through: 0, has_more: false });
    expect(await first).toHaveLength(1);
    expect(await search.run('a', 0)).toHaveLength(1);
    expect(asked).toHaveLength(1);
    const second = search.run('a', 1);
    expect(asked[1]?.after).toBe(0);
    asked[1]!.answer({ lines: [[1, 2]], through: 1, has_more: false });
    expect(await second).toEqual([{ step: 1, line: 0 }, { step: 1, line: 2 }]);
  });

  it('drops answers to an earlier query', async () => {
    const { asked, search } = server();
    const first = search.run('a', 0);
    const other = search.run('b', 0);
    const again = search.run('a', 0);
    asked[0]!.answer({ lines: [[1, 1]], through: 0, has_more: false });
    asked[1]!.answer({ lines: [[1, 2]], through: 0, has_more: false });
    asked[2]!.answer({ lines: [[1, 1]], through: 0, has_more: false });
    expect([await first, await other, await again]).toEqual([null, null, [{ step: 1, line: 1 }]]);
  });

  it('looks for nothing without a query or a log', async () => {
    const { asked, search } = server();
    expect(await search.run('', 3)).toBeNull();
    expect(await search.run('a', null)).toEqual([]);
    expect(asked).toHaveLength(0);
  });
});
