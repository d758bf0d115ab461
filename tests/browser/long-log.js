// Opens a long log of a real server and measures what people notice; prints the medians as JSON.
//
// node long-log.js LOGIN-LINK JOB-PAGE: the job failed with one error line among 1,000,000.

import { startBrowser } from './browser.js';

const ROUNDS = 5;
const ERROR_LINE = 'compiling unit 765432 of the program';
const LAST_LINE = 'compiling unit 999999 of the program';
const FIRST_LINE = 'unit 0 of the program';
const SCROLLED_FRAMES = 120;

const [login, address] = process.argv.slice(2);
const browser = await startBrowser();
const samples = {};

try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(60_000);
  const signIn = await context.newPage();
  await signIn.goto(login);
  await signIn.close();
  for (let round = 0; round < ROUNDS; round += 1) await measure(context);
  const medians = Object.entries(samples).map(([name, values]) => [name, median(values)]);
  console.log(JSON.stringify(Object.fromEntries(medians)));
} finally {
  await browser.close();
}

async function measure(context) {
  // A link to a line: nothing but that line has to be found.
  keep('first_lines', await timeToShow(context, `${address}#step:1:1`, FIRST_LINE));
  const page = await context.newPage();
  const started = performance.now();
  await page.goto(address, { waitUntil: 'commit' });
  await page.getByText(ERROR_LINE).waitFor();
  keep('first_failing_line', performance.now() - started);

  keep('scroll_to_end', await page.evaluate(scrollToEnd, LAST_LINE));
  keep('frames_per_second', await page.evaluate(scrollOn, SCROLLED_FRAMES));
  const field = page.getByRole('searchbox', { name: 'Search in the log' });
  const searched = performance.now();
  await field.fill('unit 500000 of');
  await page.getByRole('status').filter({ hasText: '1 of 1' }).waitFor();
  await page.getByText('compiling unit 500000 of the program').waitFor();
  keep('search', performance.now() - searched);
  const client = await context.newCDPSession(page);
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  keep('page_memory', usedSize / 1024 / 1024);
  await page.close();
}

async function timeToShow(context, url, text) {
  const page = await context.newPage();
  const started = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  await page.getByText(text).first().waitFor();
  const took = performance.now() - started;
  await page.close();
  return took;
}

/** In the page: until the last line stands there. */
async function scrollToEnd(lastLine) {
  const list = document.querySelector('[aria-label="Steps"]');
  const started = performance.now();
  list.scrollTop = list.scrollHeight;
  while (!list.textContent.includes(lastLine)) await new Promise((next) => requestAnimationFrame(next));
  return performance.now() - started;
}

/** In the page: upwards, a third of a screen each frame. */
async function scrollOn(nFrames) {
  const list = document.querySelector('[aria-label="Steps"]');
  const started = performance.now();
  for (let frame = 0; frame < nFrames; frame += 1) {
    list.scrollTop -= list.clientHeight / 3;
    await new Promise((next) => requestAnimationFrame(next));
  }
  return (nFrames * 1000) / (performance.now() - started);
}

function keep(name, value) {
  (samples[name] ??= []).push(value);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
