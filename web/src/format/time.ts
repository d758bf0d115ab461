// Durations and ages as people read them.
//
// Knows no clock: the caller says what time it is. Invariant: never shows a negative time.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `850ms`, `4.2s`, `42s`, `3m 07s`, `2h 05m`, `3d 4h`. */
export function formatDuration(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds));
  if (ms === 0) return '0s';
  if (ms < SECOND) return `${ms}ms`;
  if (ms < 10 * SECOND && ms % SECOND !== 0) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m ${padded((ms % MINUTE) / SECOND)}s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h ${padded((ms % HOUR) / MINUTE)}m`;
  return `${Math.floor(ms / DAY)}d ${Math.floor((ms % DAY) / HOUR)}h`;
}

/** `just now`, `4 min ago`, `3 h ago`, `2 days ago`, then the date. */
export function formatAge(then: number, now: number): string {
  const ms = Math.max(0, now - then);
  if (ms < 45 * SECOND) return 'just now';
  if (ms < HOUR) return `${Math.max(1, Math.round(ms / MINUTE))} min ago`;
  if (ms < DAY) return `${Math.round(ms / HOUR)} h ago`;
  const days = Math.round(ms / DAY);
  if (days < 14) return days === 1 ? '1 day ago' : `${days} days ago`;
  return new Date(then).toISOString().slice(0, 10);
}

/** The exact moment in the viewer's own zone. */
export function formatInstant(time: number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });
}

/** Milliseconds from start to end, or to now while there is no end; null before the start. */
export function elapsed(started: string | null, completed: string | null, now: number): number | null {
  const start = parseTime(started);
  if (start === null) return null;
  return Math.max(0, (parseTime(completed) ?? now) - start);
}

/** Milliseconds since 1970 of an RFC 3339 time; null for null or nonsense. */
export function parseTime(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

function padded(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
