// Which runs the list shows.
import { describe, expect, it } from 'vitest';

import { changed, countFields, parseView, queryOfAddress, STATES, VIEWS } from './filter';

describe('view', () => {
  it('has every state of a run exactly once', () => {
    const all = VIEWS.flatMap((view) => STATES[view]);
    expect(new Set(all).size).toBe(all.length);
    const conclusions =
      'success failure cancelled skipped timed_out neutral action_required stale startup_failure'.split(' ');
    const statuses = 'queued in_progress waiting requested pending'.split(' ');
    expect(all.toSorted()).toEqual([...conclusions, ...statuses].toSorted());
  });

  it('is all of them unless the address names one', () => {
    expect(parseView(null)).toBe('all');
    expect(parseView('nonsense')).toBe('all');
    expect(parseView('failed')).toBe('failed');
  });
});

describe('address', () => {
  it('becomes what the server is asked for', () => {
    const query = queryOfAddress(new URLSearchParams('status=failed&q= fix fee &branch=main&x=y'));
    expect(query).toEqual({
      repository: '',
      workflow: '',
      branch: 'main',
      event: '',
      actor: '',
      status: 'failure,timed_out,startup_failure',
      q: 'fix fee',
    });
  });

  it('changes by one field, and forgets the workflow of another repository', () => {
    const address = new URLSearchParams('repository=a/b&workflow=ci.yml&status=failed');
    expect(changed(address, 'branch', 'main').toString()).toBe('repository=a%2Fb&workflow=ci.yml&status=failed&branch=main');
    expect(changed(address, 'status', 'all').toString()).toBe('repository=a%2Fb&workflow=ci.yml');
    expect(changed(address, 'repository', '').toString()).toBe('status=failed');
    expect(countFields(address)).toBe(2);
  });
});
