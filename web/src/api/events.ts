// The one stream of server-sent events: a run's state and one job's log.
//
// Reconnects by itself with growing pauses, and asks for the log from where it stopped. Invariant:
// at most one connection is open; nothing is called after `close`.

import type { LogChunk, RunView } from './shapes';

export type Connection = 'connecting' | 'live' | 'lost' | 'ended';

export interface Listeners {
  run: (view: RunView) => void;
  log: (chunk: LogChunk) => void;
  connection: (state: Connection) => void;
  /** A connection stands; whatever happened before may have been missed. */
  opened: () => void;
  /** The sequence that the log goes on from. */
  after: () => number | null;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export interface EventStream {
  close: () => void;
}

export function openEvents(run: number, job: number | null, listeners: Listeners): EventStream {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = FIRST_PAUSE_MS;

  const stop = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const reconnect = () => {
    stop();
    listeners.connection('lost');
    timer = setTimeout(connect, pause * (0.75 + Math.random() / 2));
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
  };
  const connect = () => {
    stop();
    const current = new EventSource(addressOf(run, job, listeners.after()));
    source = current;
    current.addEventListener('open', () => {
      pause = FIRST_PAUSE_MS;
      listeners.connection('live');
      listeners.opened();
    });
    current.addEventListener('run', (event) => listeners.run(JSON.parse(event.data) as RunView));
    current.addEventListener('log', (event) => listeners.log(JSON.parse(event.data) as LogChunk));
    current.addEventListener('end', () => {
      close();
      listeners.connection('ended');
    });
    current.addEventListener('error', reconnect);
  };
  const close = () => {
    stop();
    removeEventListener('online', connect);
  };

  addEventListener('online', connect);
  connect();
  return { close };
}

function addressOf(run: number, job: number | null, after: number | null): string {
  const query = new URLSearchParams({ run: String(run) });
  if (job !== null) query.set('job', String(job));
  if (after !== null) query.set('after', String(after));
  return `/api/gantry/events?${query.toString()}`;
}
