// Starts the stub for looking at the page by hand; the running job goes on writing.

import { JOBS } from './data.js';
import { startStub } from './server.js';

const stub = await startStub(Number(process.env.PORT ?? 8099));
process.stdout.write(`${stub.url}\n`);
let n_lines = 0;
setInterval(() => {
  n_lines += 1;
  stub.writeLog(JOBS.running, 3, [`live line ${n_lines}`]);
}, 300);
