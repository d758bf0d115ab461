// Every page in light, dark and narrow: accessible, within the screen's width, and pictured.
//
// The pictures go to `GANTRY_SCREENSHOTS`, or to a folder in the system's temporary folder.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { openPage, startBrowser } from './browser.js';
import { JOBS, REPOSITORY, RUNS } from './stub/data.js';
import { startStub } from './stub/server.js';

const FOLDER = process.env.GANTRY_SCREENSHOTS ?? join(tmpdir(), 'gantry-screenshots');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const LOOKS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { colorScheme: 'light', viewport: { width: 360, height: 740 } },
  'narrow-dark': { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
};

const run = (id) => `/${REPOSITORY}/actions/runs/${id}`;
const job = (id, of) => `${run(id)}/job/${of}`;

/** Path, and a text that is there when the page is. */
const PAGES = {
  runs: ['/', 'Search gigs by distance'],
  'run-failed': [run(RUNS.failed), 'Annotations'],
  'run-approval': [run(RUNS.approval), 'Approve and deploy'],
  'run-matrix': [run(RUNS.succeeded), 'Check (shard 12)'],
  'run-invalid': [run(RUNS.invalid), 'The workflow could not start'],
  'run-hostile': [run(RUNS.hostile), 'Warnings in the workflow'],
  'job-failed': [job(RUNS.failed, JOBS.failed), 'Process completed with exit code 1.'],
  'job-running': [job(RUNS.running, JOBS.running), 'unit 120 of 120'],
  'job-skipped': [job(RUNS.failed, JOBS.skipped), 'did not succeed.'],
  'run-file': [`${run(RUNS.failed)}/workflow?job=test`, 'pytest'],
  'run-search': [`${run(RUNS.failed)}/search?q=assert`, 'line'],
  'run-payload': [`${run(RUNS.failed)}/payload`, 'refs/heads/main'],
  dispatch: [`/${REPOSITORY}/actions/workflows/deploy.yml/dispatch`, 'Run workflow'],
  repositories: ['/-/repositories', REPOSITORY],
  repository: [`/${REPOSITORY}`, 'while the server was down'],
  'repository-insights': [`/${REPOSITORY}/insights`, 'Run docker build'],
  'repository-environments': [`/${REPOSITORY}/environments`, 'deployed now'],
  'repository-secrets': [`/${REPOSITORY}/secrets`, 'DEPLOY_KEY'],
  'repository-caches': [`/${REPOSITORY}/caches`, '34 MB'],
  'repository-compatibility': [`/${REPOSITORY}/compatibility`, 'cannot start: 1 error'],
  'repository-preview': [`/${REPOSITORY}/preview`, 'Deploy would not run'],
  runners: ['/-/runners', 'builder-2'],
  'admin-deliveries': ['/-/admin/deliveries', '[skip ci]'],
  'admin-delivery': ['/-/admin/deliveries/d-3', 'run 10005'],
  'admin-tokens': ['/-/admin/tokens', 'octavia'],
  'admin-audit': ['/-/admin/audit', 'secret.write'],
  'admin-system': ['/-/admin/system', 'sync_reports'],
  'signed-out': ['/?signed-out', 'gantry login'],
};

let browser;
let stub;
let axe;

before(async () => {
  [browser, stub, axe] = await Promise.all([startBrowser(), startStub(), readFile(AXE, 'utf8')]);
  await mkdir(FOLDER, { recursive: true });
});

after(async () => {
  await browser?.close();
  await stub?.stop();
});

async function violationsOf(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
}

for (const [look, options] of Object.entries(LOOKS)) {
  describe(look, () => {
    for (const [name, [path, text]] of Object.entries(PAGES)) {
      it(name, async () => {
        stub.isSignedIn = name !== 'signed-out';
        const page = await openPage(browser, stub.url, { ...options, bypassCSP: true, reducedMotion: 'reduce' });
        await page.goto(stub.url + path);
        await page.getByText(text).filter({ visible: true }).first().waitFor();
        await page.screenshot({ path: join(FOLDER, `${name}-${look}.png`), fullPage: true });
        const [inner, scrolled] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
        assert.ok(scrolled <= inner, `the page is ${scrolled} wide on a screen of ${inner}`);
        assert.deepEqual(await violationsOf(page), []);
        await page.context().close();
      });
    }
  });
}
