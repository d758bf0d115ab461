// Answers each line on standard input with "count nanoseconds" of one round.
import { register } from "node:module";
import { createInterface } from "node:readline";

register("./json-modules.mjs", import.meta.url);

/** `work` does everything once and answers how many things that were. */
export async function serveRounds(work, milliseconds) {
  for await (const _ of createInterface({ input: process.stdin })) {
    const started = process.hrtime.bigint();
    const end = started + BigInt(milliseconds) * 1_000_000n;
    let count = 0;
    let now = started;
    while (now < end) {
      count += await work();
      now = process.hrtime.bigint();
    }
    console.log(`${count} ${now - started}`);
  }
}
