// Runs, jobs and logs that the stub server starts with.

import { MARKDOWN_ATTACKS } from './attacks.js';
import { buildLog, CHECKOUT, chunk, CLEAN_UP, PYTEST_FAILURE, SET_UP } from './logs.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const REPOSITORY = 'hotgigs/app';
export const HOSTILE = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;
export const PRODUCTION_ID = 3001;
/** Of the failed step, from 1. */
export const FIRST_ERROR_LINE = PYTEST_FAILURE.findIndex((line) => line.startsWith('##[error]')) + 1;
export const LONG_LOG_LINES = 50_000;

export const RUNS = {
  running: 10008,
  approval: 10007,
  hostile: 10006,
  failed: 10005,
  invalid: 10004,
  succeeded: 10003,
};

export const JOBS = {
  failed: 100052,
  skipped: 100055,
  succeededLong: 100031,
  running: 100081,
  queued: 100083,
  hostile: 100061,
  waiting: 100076,
};

function ago(ms) {
  return new Date(Date.now() - ms).toISOString();
}

function run(id, change) {
  return {
    id,
    name: 'CI/CD Pipeline',
    display_title: `Run ${id}`,
    run_number: id - 9950,
    run_attempt: 1,
    event: 'push',
    status: 'completed',
    conclusion: 'success',
    head_branch: 'main',
    head_sha: '4f1c0de9a3b25f1e77c0d2a6c1b84c0f6f9a1e02',
    path: '.github/workflows/ci-cd.yml',
    created_at: ago(20 * MINUTE),
    run_started_at: ago(20 * MINUTE),
    updated_at: ago(15 * MINUTE),
    actor: { login: 'octavia' },
    repository: { id: 1001, name: 'app', full_name: REPOSITORY },
    ...change,
  };
}

function steps(list) {
  return list.map(([name, state, from, to], at) => ({
    number: at + 1,
    name,
    status: state === 'queued' || state === 'in_progress' ? state : 'completed',
    conclusion: state === 'queued' || state === 'in_progress' ? null : state,
    started_at: from === undefined ? null : ago(from),
    completed_at: to === undefined ? null : ago(to),
  }));
}

function job(id, job_key, change) {
  return {
    id,
    job_key,
    leg: 0,
    name: job_key,
    needs: [],
    status: 'completed',
    conclusion: 'success',
    reason: null,
    environment: null,
    environment_url: null,
    started_at: null,
    completed_at: null,
    steps: [],
    annotations: [],
    ...change,
  };
}

const WAITS = { status: 'pending', conclusion: null };

function view(theRun, jobs, more = {}) {
  const starts = jobs.flatMap((each) => each.started_at ?? []).sort();
  if (starts.length > 0) {
    const created = new Date(Date.parse(starts[0]) - 2 * SECOND).toISOString();
    const ends = jobs.flatMap((each) => each.completed_at ?? []).sort();
    Object.assign(theRun, { created_at: created, run_started_at: created, updated_at: ends.at(-1) ?? created });
  }
  return { run: theRun, latest_attempt: theRun.run_attempt, jobs, diagnostics: [], pending_deployments: [], ...more };
}

function failedRun() {
  const at = (from, to) => ({ started_at: ago(from * SECOND), completed_at: ago(to * SECOND) });
  const failing = steps([
    ['Set up job', 'success', 1150 * SECOND, 1149 * SECOND],
    ['Run actions/checkout@v4', 'success', 1149 * SECOND, 1146 * SECOND],
    ['Run pytest', 'failure', 1146 * SECOND, 1120 * SECOND],
    ['Upload coverage', 'skipped'],
    ['Complete job', 'success', 1120 * SECOND, 1120 * SECOND],
  ]);
  return view(
    run(RUNS.failed, {
      display_title: 'Charge the platform fee once',
      conclusion: 'failure',
      event: 'pull_request',
      head_branch: 'fix/charge-fee-once',
    }),
    [
      job(100050, 'quality', { name: 'Code quality', ...at(1195, 1160) }),
      job(100051, 'test', { name: 'Backend tests (3.11)', leg: 0, needs: ['quality'], ...at(1158, 1110) }),
      job(JOBS.failed, 'test', {
        name: 'Backend tests (3.12)',
        leg: 1,
        needs: ['quality'],
        conclusion: 'failure',
        steps: failing,
        ...at(1150, 1120),
        annotations: [
          {
            level: 'failure',
            message: 'test_fee_is_charged_once: assert 500 == 250',
            path: 'backend/tests/test_fees.py',
            start_line: 31,
            step_number: 3,
            log_line: FIRST_ERROR_LINE - 1,
          },
          { level: 'warning', message: 'Coverage of app/fees.py fell to 71 %', title: 'Coverage', step_number: 3, log_line: null },
        ],
      }),
      job(100053, 'test', {
        name: 'Backend tests (3.13)',
        leg: 2,
        needs: ['quality'],
        conclusion: 'cancelled',
        reason: 'Cancelled because another leg of `test` failed and fail-fast is on.',
        ...at(1150, 1119),
      }),
      job(100054, 'frontend', { name: 'Frontend tests', needs: ['quality'], ...at(1159, 1100) }),
      job(JOBS.skipped, 'build', {
        name: 'Build images',
        needs: ['test', 'frontend'],
        conclusion: 'skipped',
        reason: 'Skipped because `test` did not succeed.',
      }),
      job(100056, 'notify', { name: 'Notify', needs: ['build', 'quality'], ...at(1098, 1095) }),
    ],
  );
}

function approvalRun() {
  const at = (from, to) => ({ started_at: ago(from * SECOND), completed_at: ago(to * SECOND) });
  return view(
    run(RUNS.approval, {
      display_title: 'Show saved gigs on the start page',
      status: 'waiting',
      conclusion: null,
      created_at: ago(6 * MINUTE),
      run_started_at: ago(6 * MINUTE),
      updated_at: ago(MINUTE),
    }),
    [
      job(100071, 'quality', { name: 'Code quality', ...at(358, 330) }),
      job(100072, 'test', { name: 'Backend tests', needs: ['quality'], ...at(328, 250) }),
      job(100073, 'frontend', { name: 'Frontend tests', needs: ['quality'], ...at(329, 270) }),
      job(100074, 'build', { name: 'Build images', needs: ['test', 'frontend'], ...at(248, 160) }),
      job(100075, 'staging', {
        name: 'Deploy to staging',
        needs: ['build'],
        environment: 'staging',
        environment_url: 'http://127.0.0.1:18080/',
        ...at(158, 120),
      }),
      job(JOBS.waiting, 'production', {
        name: 'Deploy to production',
        needs: ['staging'],
        status: 'waiting',
        conclusion: null,
        reason: 'Waiting for an approval of the environment `production`.',
        environment: 'production',
      }),
      job(100077, 'notify', {
        name: 'Notify',
        needs: ['production', 'staging'],
        ...WAITS,
        reason: 'Waiting for `production`.',
      }),
    ],
    { pending_deployments: [{ environment: 'production', environment_id: PRODUCTION_ID, can_approve: true }] },
  );
}

function runningRun() {
  return view(
    run(RUNS.running, {
      name: 'Build',
      display_title: 'Search gigs by distance',
      status: 'in_progress',
      conclusion: null,
      head_branch: 'search-by-distance',
      created_at: ago(70 * SECOND),
      run_started_at: ago(70 * SECOND),
      updated_at: ago(10 * SECOND),
    }),
    [
      job(JOBS.running, 'build', {
        name: 'Build',
        status: 'in_progress',
        conclusion: null,
        started_at: ago(65 * SECOND),
        steps: steps([
          ['Set up job', 'success', 65 * SECOND, 64 * SECOND],
          ['Run actions/checkout@v4', 'success', 64 * SECOND, 61 * SECOND],
          ['Run make', 'in_progress', 61 * SECOND],
          ['Package', 'queued'],
        ]),
      }),
      job(JOBS.queued, 'publish', { name: 'Publish', needs: ['build'], ...WAITS, reason: 'Waiting for `build`.' }),
    ],
  );
}

function succeededRun() {
  const times = { started_at: ago(300 * SECOND), completed_at: ago(200 * SECOND) };
  const legs = Array.from({ length: 12 }, (_, leg) =>
    job(100132 + leg, 'matrix', { name: `Check (shard ${leg + 1})`, leg, needs: ['compile'], ...times }),
  );
  return view(run(RUNS.succeeded, { display_title: 'Update the lock file', event: 'schedule' }), [
    job(JOBS.succeededLong, 'compile', {
      name: 'Compile',
      ...times,
      steps: steps([
        ['Set up job', 'success', 300 * SECOND, 299 * SECOND],
        ['Run cargo build', 'success', 299 * SECOND, 210 * SECOND],
        ['Complete job', 'success', 210 * SECOND, 210 * SECOND],
      ]),
    }),
    ...legs,
  ]);
}

function invalidRun() {
  const file = '.github/workflows/ci-cd.yml';
  return view(
    run(RUNS.invalid, {
      display_title: file,
      conclusion: 'startup_failure',
      actor: { login: 'marta' },
      head_branch: 'experiment',
    }),
    [],
    {
      diagnostics: [
        {
          file,
          position: { line: 14, column: 5 },
          severity: 'error',
          code: 'unexpected-value',
          message: "Unexpected value 'run-on'",
        },
        {
          file,
          position: { line: 12, column: 3 },
          severity: 'error',
          code: 'required-property-missing',
          message: 'Required property is missing: runs-on',
        },
        {
          file,
          position: null,
          severity: 'warning',
          code: 'permissions-ignored',
          message: '`permissions` is not honoured yet; the job token can read this repository only.',
        },
      ],
    },
  );
}

function hostileRun() {
  return view(
    run(RUNS.hostile, {
      name: HOSTILE,
      display_title: HOSTILE,
      head_branch: HOSTILE,
      actor: { login: HOSTILE },
      conclusion: 'failure',
    }),
    [
      job(JOBS.hostile, HOSTILE, {
        name: HOSTILE,
        conclusion: 'failure',
        reason: HOSTILE,
        environment: HOSTILE,
        environment_url: 'javascript:window.hacked=1',
        started_at: ago(200 * SECOND),
        completed_at: ago(100 * SECOND),
        steps: steps([[HOSTILE, 'failure', 200 * SECOND, 100 * SECOND]]),
        annotations: [{ level: 'failure', message: HOSTILE, title: HOSTILE, path: HOSTILE }],
      }),
    ],
    { diagnostics: [{ file: HOSTILE, position: null, severity: 'warning', code: HOSTILE, message: HOSTILE }] },
  );
}

function olderRuns() {
  const ends = ['success', 'cancelled', 'success', 'timed_out', 'skipped', 'success'];
  return ends.map((conclusion, at) =>
    view(
      run(9990 - at, {
        name: 'Monitoring',
        display_title: 'Check that the site is up',
        run_number: 400 - at,
        event: 'schedule',
        conclusion,
        created_at: ago((at + 3) * 47 * MINUTE),
        run_started_at: ago((at + 3) * 47 * MINUTE),
        updated_at: ago((at + 3) * 47 * MINUTE - 21 * SECOND),
        path: '.github/workflows/monitoring.yml',
        repository: { id: 1002, name: 'site', full_name: 'hotgigs/site' },
      }),
      [],
    ),
  );
}

export function startingViews() {
  const views = [runningRun(), approvalRun(), hostileRun(), failedRun(), invalidRun(), succeededRun(), ...olderRuns()];
  return new Map(views.map((each) => [each.run.id, each]));
}

export function startingLogs() {
  const long = buildLog(LONG_LOG_LINES);
  const longChunks = Array.from({ length: 50 }, (_, at) =>
    chunk(at + 1, 2, at * 1000, long.slice(at * 1000, (at + 1) * 1000)),
  );
  return new Map([
    [
      JOBS.failed,
      [chunk(0, 1, 0, SET_UP), chunk(1, 2, 0, CHECKOUT), chunk(2, 3, 0, PYTEST_FAILURE), chunk(3, 5, 0, CLEAN_UP)],
    ],
    [JOBS.succeededLong, [chunk(0, 1, 0, SET_UP), ...longChunks]],
    [JOBS.running, [chunk(0, 1, 0, SET_UP), chunk(1, 2, 0, CHECKOUT), chunk(2, 3, 0, buildLog(120))]],
    [JOBS.hostile, [chunk(0, 1, 0, [`##[error]${HOSTILE}`])]],
  ]);
}

const SUMMARY = `## Coverage

| file | lines | covered |
|:--|--:|:-:|
| \`fees.py\` | 120 | 71 % |
| \`gigs.py\` | 340 | 96 % |

- [x] unit
- [ ] end to end

<details><summary>Slowest tests</summary>

1. \`test_fee_is_charged_once\` 3.2 s
2. [\`test_search\`](https://ci.example/tests/7) 1.1 s

</details>
`;

export function startingSummaries() {
  return new Map([
    [RUNS.failed, [{ job_id: JOBS.failed, step_number: 3, markdown: SUMMARY }]],
    [RUNS.hostile, MARKDOWN_ATTACKS.map((markdown, at) => ({ job_id: JOBS.hostile, step_number: at + 1, markdown }))],
  ]);
}

export const NO_REPORTS = { tests: null, coverage: null, findings: null, problems: [] };

const test = (name, status, duration_ms, more = {}) => ({
  suite: 'tests.test_api',
  name,
  status,
  duration_ms,
  message: null,
  failing_since: null,
  ...more,
});

export const REPORTS = {
  tests: {
    total: 214,
    passed: 210,
    failed: 2,
    skipped: 2,
    duration_ms: 41_300,
    failures: [
      test('test_search', 'failed', 5120, {
        message: `AssertionError: 1 != 2\n${HOSTILE}`,
        failing_since: { run_id: RUNS.succeeded, run_number: 7, head_sha: 'abc', created_at: '2026-11-20T10:00:00Z' },
      }),
      test(HOSTILE, 'failed', 12),
    ],
    slowest: [test('test_search', 'failed', 5120), test('test_import', 'passed', 3100)],
    flaky: [test('test_queue', 'passed', null)],
  },
  coverage: { lines_covered: 812, lines_total: 1000, percent: 81.2, base: { run_id: RUNS.succeeded, percent: 82.5 }, delta: -1.3 },
  findings: {
    critical: 1,
    high: 0,
    medium: 2,
    low: 0,
    note: 0,
    worst: [
      { tool: 'Trivy', rule: 'CVE-2026-1', severity: 'critical', message: 'A hole in a library', path: 'requirements.txt', line: 3 },
    ],
  },
  problems: ['report.xml: it is no well-formed XML'],
};

export const PAYLOAD = { ref: 'refs/heads/main', head_commit: { message: HOSTILE }, sender: { login: 'octavia' } };

export const WORKFLOW_FILE = `name: CI/CD Pipeline
on: push
jobs:
  quality:
    runs-on: ubuntu-latest
    steps:
      - run: flake8
  test:
    needs: quality
    runs-on: ubuntu-latest
    steps:
      - run: pytest # ${HOSTILE}
`;
