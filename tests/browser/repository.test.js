// The pages of a repository, of runners, and of the administration, in a real browser.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';

import { openPage, startBrowser } from './browser.js';
import { REPOSITORY } from './stub/data.js';
import { startStub } from './stub/server.js';

let browser;
let stub;
let page;

const open = (path) => page.goto(stub.url + path);
const REST = `/repos/${REPOSITORY}`;
const OWN = `/api/gantry/repositories/${REPOSITORY}`;

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

describe('a repository', () => {
  it('is reached from the bar, and its workflows lead to their runs and forms', async () => {
    await open('/');
    await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Repositories' }).click();
    await page.getByRole('link', { name: REPOSITORY, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: REPOSITORY }).waitFor();
    const runs = page.getByRole('link', { name: 'CI/CD Pipeline', exact: true });
    assert.equal(await runs.getAttribute('href'), '/?repository=hotgigs%2Fapp&workflow=ci-cd.yml');
    await page.getByRole('link', { name: 'Run…' }).click();
    await page.waitForURL('**/actions/workflows/deploy.yml/dispatch');
  });

  it('has its workflows switched off and on', async () => {
    await open(`/${REPOSITORY}`);
    await page.getByRole('button', { name: 'Disable Deploy' }).click();
    await page.getByRole('button', { name: 'Enable Nightly' }).click();
    await page.waitForFunction(() => true);
    const paths = () => stub.posted.map((each) => each.path);
    for (let tries = 0; paths().length < 2 && tries < 100; tries += 1) await page.waitForTimeout(20);
    assert.deepEqual(paths(), [`${REST}/actions/workflows/2002/disable`, `${REST}/actions/workflows/2003/enable`]);
  });

  it('says when schedules fire, and what they missed', async () => {
    await open(`/${REPOSITORY}`);
    const row = page.getByRole('row', { name: /0 3 \* \* \*/ });
    await row.getByText(/in 1h/).waitFor();
    await row.getByText('while the server was down').waitFor();
  });

  it('deploys again what was deployed before', async () => {
    await open(`/${REPOSITORY}/environments`);
    await page.getByText('waits 5 min, needs an approval of marta').waitFor();
    await page.getByRole('button', { name: 'Redeploy Charge the platform fee once' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Redeploy' }).click();
    await page.waitForURL('**/actions/runs/10005');
    assert.deepEqual(stub.posted, [{ path: `${REST}/actions/jobs/3/rerun`, body: { enable_debug_logging: false } }]);
  });

  it('takes secrets and never shows one', async () => {
    await open(`/${REPOSITORY}/secrets`);
    const secrets = page.getByRole('region', { name: 'Secrets', exact: true });
    await secrets.getByRole('textbox', { name: 'New secret' }).fill('API_KEY');
    await secrets.getByRole('textbox', { name: 'Value' }).fill('s3cret');
    await secrets.getByRole('button', { name: 'Add secret' }).click();
    await secrets.getByRole('textbox', { name: 'New secret' }).and(page.locator(':placeholder-shown, :not([value])')).waitFor();
    await page.waitForFunction(() => !document.body.textContent.includes('s3cret'));
    await secrets.getByRole('button', { name: 'Delete TOKEN' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.deepEqual(stub.posted, [
      { path: `${OWN}/secrets/API_KEY`, body: { value: 's3cret', environment: null } },
      { path: `${REST}/actions/secrets/TOKEN`, body: null },
    ]);
  });

  it('says what an event would start, and why not the rest', async () => {
    await open(`/${REPOSITORY}/preview`);
    await page.getByText('Deploy would not run').waitFor();
    await page.getByRole('combobox', { name: 'Event' }).selectOption('workflow_dispatch');
    await page.getByText('Deploy would run').waitFor();
    await page.getByText('on does not list workflow_dispatch').first().waitFor();
  });
});

describe('runners', () => {
  it('are told to drain, and say what they do', async () => {
    await open('/-/runners');
    const row = page.getByRole('row', { name: /builder-1/ });
    await row.getByText('busy').waitFor();
    assert.equal(await row.getByRole('link').count(), 2);
    await row.getByRole('button', { name: 'Drain builder-1' }).click();
    await page.getByRole('button', { name: 'Resume builder-2' }).click();
    for (let tries = 0; stub.posted.length < 2 && tries < 100; tries += 1) await page.waitForTimeout(20);
    assert.deepEqual(stub.posted.map((each) => each.path), ['/api/gantry/runners/1/drain', '/api/gantry/runners/2/drain']);
    await page.getByText('every runner with the labels gpu is offline').waitFor();
  });
});

describe('the administration', () => {
  it('shows a delivery whole and works on it once more', async () => {
    await open('/-/admin/deliveries');
    await page.getByRole('link', { name: /onerror/ }).click();
    await page.waitForURL('**/-/admin/deliveries/d-3');
    await page.getByRole('link', { name: /run 10005/ }).waitFor();
    await page.getByRole('button', { name: 'Redeliver' }).click();
    for (let tries = 0; stub.posted.length < 1 && tries < 100; tries += 1) await page.waitForTimeout(20);
    assert.equal(stub.posted[0].path, '/api/gantry/deliveries/d-3/redeliver');
  });

  it('shows a new token once', async () => {
    await open('/-/admin/tokens');
    await page.getByRole('textbox', { name: 'Login' }).fill('marta');
    await page.getByRole('combobox', { name: 'Role' }).selectOption('write');
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.getByText('gantry_pat_shown_once').waitFor();
    assert.deepEqual(stub.posted[0].body, { login: 'marta', role: 'write', expires_in_days: 90 });
  });

  it('shows who did what, the part that is asked for, and the end of the chain', async () => {
    await open('/-/admin/audit');
    const rows = page.getByRole('table').getByRole('row');
    await page.getByRole('rowheader', { name: 'run.cancel' }).waitFor();
    assert.equal(await rows.count(), 4, 'a head and three events');
    await page.getByText('gantry audit verify --head hash-3').waitFor();
    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('refused');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('rowheader', { name: 'run.cancel' }).waitFor({ state: 'detached' });
    assert.equal(await rows.count(), 2);
    await page.getByText('gantry audit verify --head hash-3').waitFor();
    const csv = await page.getByRole('link', { name: 'CSV' }).getAttribute('href');
    assert.equal(csv, '/api/gantry/audit-log?outcome=refused&format=csv');
  });

  it('is closed to everybody else', async () => {
    for (const [role, repositories] of [['write', null], ['admin', { 'acme/app': 'admin' }]]) {
      Object.assign(stub, { role, repositories });
      await open('/-/admin/deliveries');
      await page.getByRole('heading', { name: 'Only administrators see this' }).waitFor();
      assert.equal(await page.getByRole('link', { name: 'Admin', exact: true }).count(), 0);
    }
  });
});
