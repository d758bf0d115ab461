// The server's time, ticking once a second, for durations that still grow.
//
// Invariant: corrected by the `Date` header of answers, so that a browser with a wrong clock
// shows no negative durations.

/** Differences below this are the resolution of the `Date` header, not a wrong clock. */
const TOLERATED_SKEW_MS = 2000;

let skew = 0;
let current = $state(Date.now());

setInterval(() => {
  current = Date.now() + skew;
}, 1000);

export const clock = {
  get now(): number {
    return current;
  },
  /** Learns the server's time from an answer. */
  observe(dateHeader: string | null): void {
    const server = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
    if (Number.isNaN(server)) return;
    const difference = server - Date.now();
    skew = Math.abs(difference) > TOLERATED_SKEW_MS ? difference : 0;
    current = Date.now() + skew;
  },
};
