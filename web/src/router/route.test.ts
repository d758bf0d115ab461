// Addresses of the page, read and written.
import { describe, expect, it } from 'vitest';

import { formatAnchor, hrefOf, parseAnchor, parseRoute, type Route } from './route';

describe('route', () => {
  it('reads the list, a run and a job', () => {
    expect(parseRoute('/')).toEqual({ page: 'runs' });
    expect(parseRoute('/acme/app/actions/runs/10001')).toEqual({
      page: 'run',
      owner: 'acme',
      repository: 'app',
      run: 10001,
      attempt: null,
    });
    expect(parseRoute('/acme/app/actions/runs/10001/job/100007/')).toEqual({
      page: 'job',
      owner: 'acme',
      repository: 'app',
      run: 10001,
      attempt: null,
      job: 100007,
    });
  });

  it('calls every other path missing instead of guessing', () => {
    for (const path of ['/acme', '/acme/app/actions', '/acme/app/actions/runs/x', '/a%zz/b/actions/runs/1', '/repos/x', '/-/x']) {
      expect(parseRoute(path)).toEqual({ page: 'missing', path });
    }
  });

  it('comes back from the address it wrote, whatever the names hold', () => {
    const routes: Route[] = [
      { page: 'runs' },
      { page: 'repositories' },
      { page: 'runners' },
      { page: 'admin', tab: 'deliveries', item: null },
      { page: 'admin', tab: 'audit', item: null },
      { page: 'admin', tab: 'deliveries', item: 'a/b' },
      { page: 'repository', owner: 'acme', repository: 'app', tab: 'workflows' },
      { page: 'repository', owner: 'acme', repository: 'app', tab: 'insights' },
      { page: 'dispatch', owner: 'acme', repository: 'app', workflow: 'a/b c.yml' },
      { page: 'run', owner: 'a b', repository: 'x/../y', run: 7, attempt: null },
      { page: 'run', owner: 'a b', repository: 'x/../y', run: 7, attempt: 2 },
      { page: 'file', owner: 'acme', repository: 'app', run: 7, attempt: 2 },
      { page: 'payload', owner: 'acme', repository: 'app', run: 7, attempt: null },
      { page: 'search', owner: 'acme', repository: 'app', run: 7, attempt: 3 },
      { page: 'job', owner: '<script>', repository: 'ü?#', run: 7, attempt: null, job: 8 },
      { page: 'job', owner: '<script>', repository: 'ü?#', run: 7, attempt: 1, job: 8 },
    ];
    for (const route of routes) expect(parseRoute(hrefOf(route))).toEqual(route);
  });
});

describe('line anchor', () => {
  it('reads a step and a line', () => {
    expect(parseAnchor('#step:3:17')).toEqual({ step: 3, line: 17 });
    expect(parseAnchor('#step:3')).toEqual({ step: 3, line: null });
    expect(formatAnchor({ step: 3, line: 17 })).toBe('#step:3:17');
  });

  it('reads several lines, whichever end comes first', () => {
    expect(parseAnchor('#step:3:17-21')).toEqual({ step: 3, line: 17, last: 21 });
    expect(parseAnchor('#step:3:21-17')).toEqual({ step: 3, line: 17, last: 21 });
    expect(parseAnchor('#step:3:17-17')).toEqual({ step: 3, line: 17 });
    expect(formatAnchor({ step: 3, line: 17, last: 21 })).toBe('#step:3:17-21');
  });

  it('ignores anything else', () => {
    for (const hash of ['', '#', '#step:1:2-', '#step:1-2', '#step:', '#step:0:1', '#step:1:0', '#step:1:2:3', '#step:x']) {
      expect(parseAnchor(hash)).toBeNull();
    }
  });
});
