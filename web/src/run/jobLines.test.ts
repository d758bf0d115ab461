// Where a job stands in a workflow file.
import { expect, it } from 'vitest';

import { linesOfJob } from './jobLines';

const FILE = `name: CI
on: push
jobs: # all of them
  # the first
  lint:
    runs-on: x
    steps:
      - run: |
          jobs:
            test:

  "test":
    needs: lint
    steps:
      - run: y
# a remark

  deploy: { uses: ./.github/workflows/deploy.yml }
env:
  lint: no
`;

it.each([
  ['lint', { first: 5, last: 10 }],
  ['test', { first: 12, last: 15 }],
  ['deploy', { first: 18, last: 18 }],
  ['deploy/0/build', { first: 18, last: 18 }],
  ['steps', null],
  ['env', null],
])('finds %s', (key, lines) => {
  expect(linesOfJob(FILE, key)).toEqual(lines);
});

it('finds nothing where there are no jobs', () => {
  expect(linesOfJob('', 'lint')).toBeNull();
  expect(linesOfJob('jobs: { lint: {} }', 'lint')).toBeNull();
});
