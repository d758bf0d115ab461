// The page from the list of runs to the line that failed, in a real browser.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';

import { openPage, startBrowser } from './browser.js';
import { FIRST_ERROR_LINE, HOSTILE, JOBS, LONG_LOG_LINES, PRODUCTION_ID, REPOSITORY, RUNS } from './stub/data.js';
import { startStub } from './stub/server.js';

let browser;
let stub;
let page;

const runPath = (run) => `/${REPOSITORY}/actions/runs/${run}`;
const jobPath = (run, job) => `${runPath(run)}/job/${job}`;
const open = (path) => page.goto(stub.url + path);
const line = (text) => page.locator('.line', { hasText: text });

async function isInView(locator) {
  await locator.waitFor();
  return locator.evaluate((element) => {
    const box = element.getBoundingClientRect();
    const found = document.elementFromPoint(box.left + 80, box.top + box.height / 2);
    return found !== null && element.contains(found);
  });
}

before(async () => {
  browser = await startBrowser();
});

after(() => browser?.close());

beforeEach(async () => {
  stub = await startStub();
  page = await openPage(browser, stub.url);
});

afterEach(async () => {
  const complaints = page.complaints();
  const wasHacked = await page.evaluate(() => 'hacked' in window);
  await page.context().close();
  await stub.stop();
  assert.deepEqual(complaints, [], 'no error, no policy violation, no request to elsewhere');
  assert.equal(wasHacked, false, 'nothing that was shown ran as a script');
});

describe('from the list to the failing line', () => {
  it('is three clicks', async () => {
    await open('/');
    await page.getByRole('list', { name: 'Workflow runs' }).getByRole('link', { name: 'Charge the platform fee once' }).click();
    await page.getByRole('heading', { level: 1, name: 'Charge the platform fee once' }).waitFor();
    await page.getByRole('region', { name: 'Job graph' }).getByRole('link', { name: /3\.12/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Backend tests (3.12)' }).waitFor();

    const failing = line('test_fee_is_charged_once: assert 500 == 250');
    assert.equal(await isInView(failing), true);
    assert.equal(await failing.getAttribute('aria-current'), 'true');
    await page.getByRole('button', { name: /Failure Run pytest/, expanded: true }).waitFor();
    await page.getByRole('button', { name: /Success Run actions\/checkout/, expanded: false }).waitFor();
    await page.goBack();
    await page.getByRole('region', { name: 'Job graph' }).waitFor();
  });

  it('also leads over the annotation, to the very line', async () => {
    await open(runPath(RUNS.failed));
    const annotations = page.getByRole('region', { name: 'Annotations' });
    await annotations.getByRole('link', { name: 'Backend tests (3.12)' }).first().click();
    await page.waitForURL(`**${jobPath(RUNS.failed, JOBS.failed)}#step:3:${FIRST_ERROR_LINE}`);
    assert.equal(await isInView(line('assert 500 == 250').last()), true);
  });
});

describe('the list', () => {
  it('is filtered by text and status, and keeps the filter in its address', async () => {
    await open('/');
    const rows = page.getByRole('list', { name: 'Workflow runs' }).getByRole('listitem');
    await page.getByRole('searchbox').fill('hotgigs/site');
    await page.getByRole('radio', { name: /Succeeded/ }).check();
    await page.waitForURL('**/?q=hotgigs%2Fsite&status=succeeded');
    const isThree = () => document.querySelectorAll('[aria-label="Workflow runs"] > li').length === 3;
    await page.waitForFunction(isThree);
    await page.reload();
    await rows.first().waitFor();
    await page.waitForFunction(isThree);
  });

  it('is walked through by keyboard', async () => {
    await open('/');
    const first = page.getByRole('list', { name: 'Runs that wait' }).getByRole('link');
    await first.waitFor();
    await page.keyboard.press('j');
    assert.equal(await first.evaluate((link) => link === document.activeElement), true);
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${runPath(RUNS.approval)}`);
    await page.goBack();
    await page.getByRole('searchbox').waitFor();
    await page.keyboard.press('/');
    assert.equal(await page.getByRole('searchbox').evaluate((field) => field === document.activeElement), true);
  });

  it('shows a run that ended meanwhile without being asked', async () => {
    await open('/');
    const row = page.getByRole('list', { name: 'Workflow runs' }).getByRole('listitem').filter({ hasText: 'Search gigs by distance' });
    await row.getByText('In progress').waitFor();
    stub.change(RUNS.running, ({ run }) => Object.assign(run, { status: 'completed', conclusion: 'success' }));
    await row.getByText('Success').waitFor();
  });
});

describe('one run', () => {
  it('shows first what is wrong in a workflow file', async () => {
    await open(runPath(RUNS.invalid));
    const problems = page.getByRole('region', { name: 'The workflow could not start' });
    await problems.getByText("Unexpected value 'run-on'").waitFor();
    await problems.getByText('.github/workflows/ci-cd.yml:14:5').waitFor();
  });

  it('says why a job was skipped', async () => {
    await open(runPath(RUNS.failed));
    await page.getByRole('region', { name: 'Jobs' }).getByText('Skipped because test did not succeed.').waitFor();
    await page.getByRole('region', { name: 'Jobs' }).getByRole('link', { name: 'Build images' }).click();
    await page.getByText('Skipped because test did not succeed.').waitFor();
  });

  it('sends the approval with its comment and goes on by itself', async () => {
    await open(runPath(RUNS.approval));
    const approval = page.getByRole('region', { name: 'Approval needed: production' });
    await approval.getByRole('textbox', { name: 'Comment' }).fill('looks right');
    await approval.getByRole('button', { name: 'Approve and deploy' }).click();
    await approval.waitFor({ state: 'detached' });
    assert.deepEqual(stub.posted, [
      {
        path: `/repos/${REPOSITORY}/actions/runs/${RUNS.approval}/pending_deployments`,
        body: { environment_ids: [PRODUCTION_ID], state: 'approved', comment: 'looks right' },
      },
    ]);
  });

  it('sends a rejection', async () => {
    await open(jobPath(RUNS.approval, JOBS.waiting));
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('button', { name: 'Reject' }).waitFor({ state: 'detached' });
    assert.deepEqual(stub.posted[0].body, { environment_ids: [PRODUCTION_ID], state: 'rejected', comment: '' });
  });

  it('is cancelled by its button', async () => {
    await open(runPath(RUNS.running));
    await page.getByRole('button', { name: 'Cancel run' }).click();
    await page.getByText('Cancelled by octavia.').first().waitFor();
    assert.equal(stub.posted[0].path, `/repos/${REPOSITORY}/actions/runs/${RUNS.running}/cancel`);
  });

  it('runs its failed jobs again, with debug logging when asked', async () => {
    await open(runPath(RUNS.failed));
    await page.getByRole('button', { name: 'Run again' }).click();
    const dialog = page.getByRole('dialog', { name: 'Run again' });
    await dialog.getByRole('radio', { name: /Failed jobs/, checked: true }).waitFor();
    await dialog.getByRole('checkbox', { name: /Debug logging/ }).check();
    await dialog.getByRole('button', { name: 'Run again' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(stub.posted, [
      {
        path: `/repos/${REPOSITORY}/actions/runs/${RUNS.failed}/rerun-failed-jobs`,
        body: { enable_debug_logging: true },
      },
    ]);
    await page.getByRole('combobox', { name: 'Attempt' }).selectOption({ label: 'Attempt 1' });
    await page.waitForURL(`**${runPath(RUNS.failed)}/attempts/1`);
    await page.getByText('Failure', { exact: true }).first().waitFor();
  });

  it('for a stranger waits until somebody approves it', async () => {
    stub.change(RUNS.succeeded, (view) => {
      Object.assign(view, { jobs: [], reason: 'A maintainer has to approve this run.' });
      Object.assign(view.run, { status: 'completed', conclusion: 'action_required' });
    });
    await open(runPath(RUNS.succeeded));
    await page.getByText('A maintainer has to approve this run.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Run again' }).count(), 0);
    await page.getByRole('button', { name: 'Approve and run' }).click();
    await page.getByRole('button', { name: 'Cancel run' }).waitFor();
    assert.equal(stub.posted[0].path, `/repos/${REPOSITORY}/actions/runs/${RUNS.succeeded}/approve`);
  });

  it('offers nothing to whoever may only look', async () => {
    stub.role = 'read';
    await open(runPath(RUNS.failed));
    await page.getByRole('region', { name: 'Jobs' }).waitFor();
    for (const name of ['Run again', 'Delete run', 'Cancel run']) {
      assert.equal(await page.getByRole('button', { name }).count(), 0, name);
    }
  });

  it('shows what steps say about themselves, as Markdown', async () => {
    await open(runPath(RUNS.failed));
    const summary = page.getByRole('region', { name: 'Backend tests (3.12) summary' });
    await summary.getByRole('heading', { name: 'Coverage' }).waitFor();
    assert.equal(await summary.getByRole('row').count(), 3);
    await summary.getByText('Slowest tests').click();
    const link = summary.getByRole('link', { name: 'test_search' });
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow ugc');
  });

  it('shows what reports say, failed tests first, and hostile names as text', async () => {
    await open(runPath(RUNS.failed));
    const tests = page.getByRole('region', { name: 'Tests', exact: true });
    await tests.getByText('2 failed').waitFor();
    const failed = tests.getByRole('list', { name: 'Failed tests' }).getByRole('listitem');
    assert.equal(await failed.count(), 2);
    await failed.first().getByText('failing since').waitFor();
    await tests.getByText('Flaky: passed and failed on this commit (1)').waitFor();
    await page.getByRole('region', { name: 'Coverage', exact: true }).getByText('−1.30 points against').waitFor();
    await page.getByRole('region', { name: 'Findings', exact: true }).getByText('1 critical').waitFor();
    await page.getByText('report.xml: it is no well-formed XML').waitFor();
  });

  it('shows nothing of a hostile summary but text', async () => {
    await open(runPath(RUNS.hostile));
    const summary = page.getByRole('region', { name: /summary$/ });
    await summary.getByText('over everything').waitFor();
    const forbidden = 'script, style, img, svg, math, iframe, object, form, button, input, link, meta, base, [style], [id=app]';
    assert.equal(await summary.locator('.markdown').locator(forbidden).count(), 0);
    const attributes = await summary
      .locator('.markdown *')
      .evaluateAll((all) => [...new Set(all.flatMap((each) => each.getAttributeNames()))].sort());
    assert.deepEqual(attributes.filter((name) => !['class', 'href', 'open', 'rel', 'target'].includes(name)), []);
    const addresses = await summary.locator('.markdown a[href]').evaluateAll((all) => all.map((each) => each.protocol));
    assert.deepEqual([...new Set(addresses)], ['https:']);
  });

  it('has its file, with a job marked, and what caused it', async () => {
    await open(jobPath(RUNS.failed, JOBS.failed));
    await page.getByRole('link', { name: 'Workflow file' }).click();
    await page.waitForURL(`**${runPath(RUNS.failed)}/workflow?job=test`);
    const marked = page.locator('li.marked');
    await marked.first().waitFor();
    assert.deepEqual(await marked.first().innerText(), '  test:');
    assert.equal(await marked.count(), 5);
    await open(`${runPath(RUNS.failed)}/payload`);
    await page.getByText('"ref": "refs/heads/main"').waitFor();
  });

  it('has all its logs searched, and each hit leads to its line', async () => {
    await open(runPath(RUNS.failed));
    await page.getByRole('link', { name: 'Search logs' }).click();
    await page.getByRole('searchbox').fill('assert 500 == 250');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/search?q=assert+500+%3D%3D+250');
    const hits = page.getByRole('region', { name: 'Backend tests (3.12)' });
    await hits.getByRole('link').first().click();
    await page.waitForURL(`**${jobPath(RUNS.failed, JOBS.failed)}#step:3:*`);
    assert.equal(await isInView(page.locator('.line[aria-current=true]')), true);
  });

  it('wears its state as the sign of the tab', async () => {
    await open(runPath(RUNS.failed));
    await page.locator('link[rel=icon][href="/favicon-failure.svg"]').waitFor({ state: 'attached' });
    await page.waitForFunction(() => document.title.startsWith('Failure: '));
    await page.getByRole('link', { name: 'Gantry, all runs' }).click();
    await page.locator('link[rel=icon][href="/favicon.svg"]').waitFor({ state: 'attached' });
  });

  it('unfolds the legs of a big matrix', async () => {
    await open(runPath(RUNS.succeeded));
    const graph = page.getByRole('region', { name: 'Job graph' });
    await graph.getByRole('link', { name: /shard 8/ }).waitFor();
    assert.equal(await graph.getByRole('link', { name: /shard 12/ }).count(), 0);
    await graph.getByRole('button', { name: 'Show all 12' }).click();
    await graph.getByRole('link', { name: /shard 12/ }).waitFor();
  });

  it('is walked through by keyboard', async () => {
    await open(runPath(RUNS.approval));
    const first = page.getByRole('region', { name: 'Job graph' }).getByRole('link').first();
    await first.focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /tests$/ }).waitFor();
  });

  it('shows hostile names as the text they are', async () => {
    await open(runPath(RUNS.hostile));
    await page.getByRole('heading', { level: 1, name: HOSTILE }).waitFor();
    assert.equal(await page.locator('a[href^="javascript:"]').count(), 0);
    await page.getByRole('region', { name: 'Jobs' }).getByRole('link').first().click();
    assert.equal(await isInView(line(`Error: ${HOSTILE}`)), true);
  });
});

describe('the log', () => {
  it('follows a running job, and comes back after a lost connection without a gap', async () => {
    await open(jobPath(RUNS.running, JOBS.running));
    await line('unit 120 of 120').waitFor();
    stub.writeLog(JOBS.running, 3, ['first live line']);
    assert.equal(await isInView(line('first live line')), true);

    stub.dropStreams();
    stub.writeLog(JOBS.running, 3, ['written while nobody listened']);
    await line('written while nobody listened').waitFor();
    stub.writeLog(JOBS.running, 3, ['last live line']);
    await line('last live line').waitFor();
    assert.equal(await line('first live line').count(), 1);
    assert.equal(await isInView(line('last live line')), true);
    page.complaints().splice(0);
  });

  it('stops following when the reader scrolls up, and goes on when told to', async () => {
    await open(jobPath(RUNS.running, JOBS.running));
    await line('unit 120 of 120').waitFor();
    const follow = page.getByRole('button', { name: 'Follow' });
    await page.getByRole('region', { name: 'Steps' }).hover();
    await page.mouse.wheel(0, -900);
    await page.locator('button[aria-pressed=false]', { hasText: 'Follow' }).waitFor();
    const middle = line('(unit 70 of 120)');
    await middle.waitFor();
    stub.writeLog(JOBS.running, 3, Array.from({ length: 100 }, (_, at) => `more ${at}`));
    await page.getByRole('searchbox').fill('more 99');
    await page.getByText('1 of 1', { exact: true }).waitFor();
    await follow.click();
    await page.locator('button[aria-pressed=true]', { hasText: 'Follow' }).waitFor();
    assert.equal(await isInView(line('more 99')), true);
  });

  it('shows the error when the job fails before the eyes of the reader', async () => {
    await open(jobPath(RUNS.running, JOBS.running));
    await line('unit 120 of 120').waitFor();
    stub.writeLog(JOBS.running, 3, ['##[error]make: *** [all] Error 2', ...Array.from({ length: 80 }, () => 'noise')]);
    await line('noise').first().waitFor();
    stub.change(RUNS.running, ({ run, jobs: [job] }) => {
      const failed = { status: 'completed', conclusion: 'failure' };
      Object.assign(run, failed);
      Object.assign(job, failed);
      Object.assign(job.steps[2], failed);
    });
    const failing = page.locator('.line[aria-current=true]', { hasText: 'make: *** [all] Error 2' });
    assert.equal(await isInView(failing), true);
  });

  it('stays open under the eyes of the reader when the job succeeds', async () => {
    await open(jobPath(RUNS.running, JOBS.running));
    await line('unit 120 of 120').waitFor();
    stub.change(RUNS.running, ({ run, jobs: [job] }) => {
      const succeeded = { status: 'completed', conclusion: 'success' };
      Object.assign(run, succeeded);
      Object.assign(job, succeeded);
      for (const step of job.steps) Object.assign(step, succeeded);
    });
    await page.getByRole('button', { name: /Success Run make/, expanded: true }).waitFor();
    assert.equal(await isInView(line('unit 120 of 120')), true);
    await page.reload();
    await page.getByRole('button', { name: /Success Run make/, expanded: false }).waitFor();
  });

  it(`of ${LONG_LOG_LINES} lines is searched and scrolled with few elements in the document`, async () => {
    await open(jobPath(RUNS.succeeded, JOBS.succeededLong));
    await page.getByRole('button', { name: /Run cargo build/ }).click();
    await line('(unit 1 of').first().waitFor();
    await page.getByRole('searchbox').fill('NEEDLE in');
    const found = line('the needle in the haystack');
    assert.equal(await isInView(found), true);
    await page.getByText('1 of 1', { exact: true }).waitFor();
    assert.equal(await found.locator('mark').innerText(), 'needle in');

    await page.getByRole('region', { name: 'Steps' }).focus();
    await page.keyboard.press('End');
    await line(`unit ${LONG_LOG_LINES} of ${LONG_LOG_LINES}`).waitFor();
    assert.ok((await page.locator('*').count()) < 1500);
  });

  it('has an address for every line', async () => {
    await open(jobPath(RUNS.succeeded, JOBS.succeededLong) + '#step:2:31337');
    const wanted = page.locator('.line[aria-current=true]');
    assert.equal(await isInView(wanted), true);
    assert.match(await wanted.innerText(), /31337/);
    await page.getByRole('link', { name: 'Line 31340', exact: true }).click();
    await page.waitForURL('**#step:2:31340');
    await page.getByRole('link', { name: 'Line 31344', exact: true }).click({ modifiers: ['Shift'] });
    await page.waitForURL('**#step:2:31340-31344');
    assert.equal(await page.locator('[aria-current="true"].line').count(), 5);
    await page.reload();
    await page.locator('[aria-current="true"].line').nth(4).waitFor();
    await page.locator('.line[aria-current=true]', { hasText: '31340' }).waitFor();
  });

  it('folds groups, shows times on request and keeps that choice', async () => {
    await open(jobPath(RUNS.failed, JOBS.failed));
    await page.getByRole('button', { name: /Run actions\/checkout/ }).first().click();
    assert.equal(await line('repository: hotgigs/app').count(), 0);
    await page.locator('.line').getByRole('button', { name: 'Run actions/checkout@v4' }).click();
    await line('repository: hotgigs/app').waitFor();
    await page.getByRole('button', { name: 'Timestamps' }).click();
    await page.locator('.line time:visible').first().waitFor();
    await page.reload();
    await page.locator('.line time:visible').first().waitFor();
  });

  it('colours escapes by classes and drops what is no colour', async () => {
    await open(jobPath(RUNS.failed, JOBS.failed));
    await line('assert 500 == 250').first().waitFor();
    assert.equal(await line('E       assert 500 == 250').locator('.fg-1.bold').count(), 1);
    await line('not a link "><img src=x').waitFor();
    assert.equal(await page.locator('.line img').count(), 0);
    assert.equal(await line('100%').filter({ hasText: '10%' }).count(), 0);
  });
});

describe('a workflow', () => {
  it('is started by hand with the inputs that its file asks for', async () => {
    await open(`/${REPOSITORY}/actions/workflows/deploy.yml/dispatch`);
    await page.getByRole('combobox', { name: 'target' }).selectOption('production');
    await page.getByRole('textbox', { name: 'version' }).fill("v1'3");
    await page.getByRole('checkbox', { name: 'dry_run' }).uncheck();
    await page.getByText(`-f 'version=v1'\\''3'`).waitFor();
    await page.getByRole('button', { name: 'Run workflow' }).click();
    await page.waitForURL('**/?repository=hotgigs%2Fapp&workflow=deploy.yml&event=workflow_dispatch');
    assert.deepEqual(stub.posted, [
      {
        path: `/repos/${REPOSITORY}/actions/workflows/deploy.yml/dispatches`,
        body: { ref: 'main', inputs: { version: "v1'3", target: 'production', level: 'normal', dry_run: 'false' } },
      },
    ]);
  });

  it('is not started while something is missing', async () => {
    await open(`/${REPOSITORY}/actions/workflows/deploy.yml/dispatch`);
    await page.getByRole('textbox', { name: 'version' }).fill('');
    await page.getByRole('button', { name: 'Run workflow' }).click();
    assert.equal(await page.getByRole('textbox', { name: 'version' }).evaluate((field) => field.validity.valueMissing), true);
    assert.deepEqual(stub.posted, []);
  });
});

describe('someone who is not signed in', () => {
  it('reads how to sign in', async () => {
    stub.isSignedIn = false;
    await open('/');
    await page.getByRole('heading', { name: 'Sign in to Gantry' }).waitFor();
    await page.getByText('gantry login').waitFor();
    page.complaints().splice(0);
  });

  it('gets there by signing out', async () => {
    await open('/');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Gantry' }).waitFor();
    page.complaints().splice(0);
  });
});

it('says so when there is no such run or page', async () => {
  await open('/no/such/page/at/all');
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  await open(runPath(4));
  await page.getByRole('heading', { name: 'There is no such run' }).waitFor();
  page.complaints().splice(0);
});
