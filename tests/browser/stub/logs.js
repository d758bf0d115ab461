// Logs as a runner would write them, for the stub server.

const ESC = '\u001b';
const BASE = Date.parse('2026-11-24T09:03:12Z');

/** Puts a runner's time before every line. */
export function stamped(lines, start = 0) {
  return lines.map((line, at) => {
    const time = new Date(BASE + (start + at) * 37).toISOString().replace('Z', '4567Z');
    return `${time} ${line}`;
  });
}

export function chunk(sequence, step_number, first_line, lines) {
  return {
    sequence,
    step_number,
    first_line,
    text: stamped(lines, first_line)
      .map((line) => `${line}\n`)
      .join(''),
  };
}

export const SET_UP = [
  "Current runner version: '0.1.0'",
  '##[group]Runner',
  'Runner name: yard-2',
  'Machine name: build-07',
  '##[endgroup]',
  '##[group]GITHUB_TOKEN Permissions',
  'Contents: read',
  '##[endgroup]',
  'Secret source: Actions',
  'Complete job name: Backend tests',
];

export const CHECKOUT = [
  '##[group]Run actions/checkout@v4',
  'with:',
  '  repository: hotgigs/app',
  '  fetch-depth: 1',
  '##[endgroup]',
  `${ESC}[36;1mgit fetch${ESC}[0m --depth=1 origin 4f1c0de`,
  'From /srv/git/hotgigs',
  ' * branch            4f1c0de -> FETCH_HEAD',
  'HEAD is now at 4f1c0de Charge the platform fee once',
];

export const PYTEST_FAILURE = [
  '##[group]Run pytest --cov=app --cov-fail-under=80',
  `${ESC}[36;1mpytest --cov=app --cov-fail-under=80${ESC}[0m`,
  'shell: /usr/bin/bash -e {0}',
  'env:',
  '  DATABASE_URL: ***',
  '##[endgroup]',
  `${ESC}[1m============================= test session starts ==============================${ESC}[0m`,
  'platform linux -- Python 3.12.7, pytest-8.3.4, pluggy-1.5.0',
  'rootdir: /__w/app/app/backend',
  'collected 148 items',
  '',
  ...Array.from({ length: 40 }, (_, at) => {
    const done = Math.round(((at + 1) * 100) / 41);
    return `tests/test_part_${String(at + 1).padStart(2, '0')}.py ${ESC}[32m...${ESC}[0m${ESC}[32m${String(done).padStart(60)}%${ESC}[0m`;
  }),
  `tests/test_fees.py ${ESC}[32m.${ESC}[0m${ESC}[31mF${ESC}[0m${ESC}[31m${'[100%]'.padStart(56)}${ESC}[0m`,
  '',
  `${ESC}[31m=================================== FAILURES ===================================${ESC}[0m`,
  `${ESC}[31m${ESC}[1m_____________________________ test_fee_is_charged_once ___________________________${ESC}[0m`,
  '',
  `    ${ESC}[94mdef${ESC}[39;49;00m ${ESC}[92mtest_fee_is_charged_once${ESC}[39;49;00m(client):`,
  `        order = client.post(${ESC}[33m"/api/orders"${ESC}[39;49;00m, json={${ESC}[33m"gig"${ESC}[39;49;00m: ${ESC}[94m7${ESC}[39;49;00m}).json()`,
  `>       ${ESC}[94massert${ESC}[39;49;00m order[${ESC}[33m"fee"${ESC}[39;49;00m] == ${ESC}[94m250${ESC}[39;49;00m`,
  `${ESC}[1m${ESC}[31mE       assert 500 == 250${ESC}[0m`,
  '',
  `${ESC}[1m${ESC}[31mtests/test_fees.py${ESC}[0m:31: AssertionError`,
  '##[error]tests/test_fees.py:31: test_fee_is_charged_once: assert 500 == 250',
  '##[warning]Coverage of app/fees.py fell to 71 %',
  `${ESC}[31m=========================== ${ESC}[1m1 failed${ESC}[0m, ${ESC}[32m147 passed${ESC}[0m${ESC}[31m in 12.41s ==========================${ESC}[0m`,
  `${ESC}[7m inverse ${ESC}[0m ${ESC}[42;30m green ground ${ESC}[0m ${ESC}[48;5;160;97m 256 colours ${ESC}[0m ${ESC}[38;2;255;140;0mtrue colour${ESC}[0m ${ESC}[2mfaint${ESC}[0m ${ESC}[3;4mitalic underlined${ESC}[0m`,
  `${ESC}]8;;javascript:alert(1)${ESC}\\not a link${ESC}]8;;${ESC}\\ "><img src=x onerror="window.hacked=1">`,
  `downloading ${'.'.repeat(20)} 10%\rdownloading ${'.'.repeat(20)} 100%`,
  `a line that is longer than any screen: ${'0123456789abcdef '.repeat(40)}`,
  '##[error]Process completed with exit code 1.',
];

export const CLEAN_UP = ['Cleaning up orphan processes'];

const VERBS = ['Compiling', 'Checking', 'Linking', 'Downloading'];
const PARTS = ['gig-search', 'gig-mail', 'ledger', 'payments', 'profile', 'matcher', 'front-door'];

/** A long, plain build log with a coloured line here and there, and one needle. */
export function buildLog(n_lines) {
  return Array.from({ length: n_lines }, (_, at) => {
    if (at === Math.floor(n_lines * 0.8)) return `${ESC}[33mwarning:${ESC}[0m the needle in the haystack`;
    const verb = VERBS[at % VERBS.length];
    return `   ${ESC}[32;1m${verb}${ESC}[0m ${PARTS[(at * 5) % PARTS.length]} v0.${at % 90}.${at % 7} (unit ${at + 1} of ${n_lines})`;
  });
}
