import { startStub } from './stub/server.js';
import { startBrowser, openPage } from './browser.js';
import { RUNS, JOBS } from './stub/data.js';
const stub = await startStub(); const browser = await startBrowser();
const dir = process.argv[2]; const only = process.argv[3];
const pages = { list:'/', failed:`/hotgigs/app/actions/runs/${RUNS.failed}`, job:`/hotgigs/app/actions/runs/${RUNS.failed}/job/${JOBS.failed}`, approval:`/hotgigs/app/actions/runs/${RUNS.approval}`, invalid:`/hotgigs/app/actions/runs/${RUNS.invalid}`, running:`/hotgigs/app/actions/runs/${RUNS.running}/job/${JOBS.running}`, matrix:`/hotgigs/app/actions/runs/${RUNS.succeeded}`, hostile:`/hotgigs/app/actions/runs/${RUNS.hostile}`, skipped:`/hotgigs/app/actions/runs/${RUNS.failed}/job/${JOBS.skipped}` };
for (const [mode, o] of Object.entries({ light:{colorScheme:'light'}, dark:{colorScheme:'dark'}, narrow:{colorScheme:'light', viewport:{width:360,height:740}} })) {
  for (const [name, path] of Object.entries(pages)) {
    if (only && !only.split(',').includes(name) ) continue;
    const page = await openPage(browser, stub.url, o);
    await page.goto(stub.url + path); await page.waitForTimeout(700);
    await page.screenshot({ path: `${dir}/${name}-${mode}.png` , fullPage: !['job','running'].includes(name)});
    if (page.complaints().length) console.log(name, mode, page.complaints());
    await page.context().close();
  }
}
await browser.close(); await stub.stop();
