// One run as the page knows it: fetched once, then kept current by the event stream.
//
// Owns the log of the job on screen. Invariant: a state that is older than the shown one is never
// shown again for longer than the next event takes.

import { ApiProblem, getLogFrom, getLogOutline, getRun } from '../api/client';
import { openEvents, type Connection, type EventStream } from '../api/events';
import type { LogChunk, RunView } from '../api/shapes';
import { JobLog } from '../log/model';

export class RunFeed {
  view = $state.raw<RunView | null>(null);
  problem = $state.raw<ApiProblem | null>(null);
  connection = $state<Connection>('connecting');
  /** Grows when the log has new lines or text; at most once per frame. */
  logVersion = $state(0);
  isLogLoaded = $state(false);
  isLogComplete = $state(false);
  log = new JobLog();

  readonly #run: number;
  #job: number | null = null;
  #stream: EventStream | null = null;
  #frame = 0;
  /** What is on screen and has no text yet. */
  #wanted: { step: number; from: number; end: number } | null = null;
  #isFetching = false;
  #isClosed = false;

  /** The newest attempt when null. */
  readonly #attempt: number | null;

  constructor(run: number, attempt: number | null) {
    this.#run = run;
    this.#attempt = attempt;
  }

  /** Shows a job's log, or none; (re)opens the stream for it. */
  async follow(job: number | null): Promise<void> {
    this.#stream?.close();
    this.#stream = null;
    this.#job = job;
    this.log = new JobLog();
    this.#wanted = null;
    this.isLogLoaded = false;
    this.isLogComplete = false;
    this.logVersion += 1;
    await Promise.all([this.refresh(), job === null ? null : this.#layOut(job)]);
    if (this.#isClosed || this.#job !== job || this.problem !== null) return;
    if (this.view?.run.status === 'completed' && (job === null || this.isLogComplete)) {
      this.connection = 'ended';
      return;
    }
    this.#open(job);
  }

  async refresh(): Promise<void> {
    try {
      const view = await getRun(this.#run, this.#attempt);
      if (this.#isClosed) return;
      this.view = view;
      this.problem = null;
    } catch (error) {
      if (this.view === null && error instanceof ApiProblem) this.problem = error;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.close();
    cancelAnimationFrame(this.#frame);
  }

  #open(job: number | null): void {
    let isFirst = true;
    this.#stream = openEvents(this.#run, job, {
      run: (view) => this.#take(view),
      log: (chunk) => this.#append([chunk]),
      connection: (state) => this.#setConnection(state),
      opened: () => {
        if (!isFirst) void this.refresh();
        isFirst = false;
      },
      after: () => this.log.after,
    });
  }

  /** The stream tells of the newest attempt; who looks at an earlier one sees that one on. */
  #take(view: RunView): void {
    if (this.#attempt === null || this.#attempt === view.run.run_attempt) this.view = view;
  }

  #setConnection(state: Connection): void {
    this.connection = state;
    if (state === 'ended') {
      void this.refresh();
      this.#completeLog();
    }
    // A session that ended looks like a lost connection; this call finds out.
    if (state === 'lost') void this.refresh();
  }

  async #layOut(job: number): Promise<void> {
    const log = this.log;
    try {
      const outline = await getLogOutline(job);
      if (this.#isClosed || this.log !== log) return;
      log.outline(outline.chunks);
      this.#append(outline.texts);
      if (outline.is_complete) this.#completeLog();
      this.#announce();
    } catch (error) {
      if (error instanceof ApiProblem && error.status !== 404 && this.log === log) this.problem = error;
    }
    if (this.log === log) this.isLogLoaded = true;
  }

  /** Lines `from..end` of a step are on screen: has their text fetched if it is not there. */
  show(step: number, from: number, end: number): void {
    const missing = this.log.firstMissing(step, from, end);
    this.#wanted = missing === null ? null : { step, from, end };
    if (missing !== null) void this.#fetchWanted();
  }

  /** One request at a time, for what is on screen when the last one has been answered. */
  async #fetchWanted(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    const { log } = this;
    const job = this.#job;
    try {
      while (this.#wanted !== null && job !== null && this.log === log) {
        const { step, from, end } = this.#wanted;
        const missing = log.firstMissing(step, from, end);
        if (missing === null) break;
        const page = await getLogFrom(job, missing);
        if (this.#isClosed || this.log !== log) break;
        if (this.#append(page.chunks) === 0) break;
      }
    } catch (error) {
      if (error instanceof ApiProblem && this.log === log) this.problem = error;
    } finally {
      this.#isFetching = false;
      if (this.log !== log && this.#wanted !== null && !this.#isClosed) void this.#fetchWanted();
    }
  }

  #append(chunks: LogChunk[]): number {
    const n_new = chunks.filter((chunk) => this.log.append(chunk)).length;
    if (n_new > 0) this.#announce();
    return n_new;
  }

  #completeLog(): void {
    this.isLogComplete = true;
    this.#announce();
  }

  #announce(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.logVersion += 1;
    });
  }
}
