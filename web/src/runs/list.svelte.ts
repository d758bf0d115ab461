// The list of runs, kept fresh while someone looks at it.
//
// The server tells when it is worth looking again; a slow timer stands in for a lost stream.
// Invariant: at most one request at a time; none while the tab is hidden; an answer to a question
// that is no longer asked is thrown away.

import { listRuns, type RunsQuery } from '../api/client';
import { ApiProblem } from '../api/request';
import type { WorkflowRun } from '../api/shapes';
import { STATES } from './filter';

const PER_PAGE = 50;

/** How long the list may be behind when the stream of changes is gone. */
const LOOK_ANYWAY_MS = 10_000;

/** Typing fast must not ask for every letter. */
const SETTLE_MS = 200;

/** Runs that wait for an approval, above the list. */
const WAITING_SHOWN = 10;

export class RunList {
  runs = $state.raw<WorkflowRun[] | null>(null);
  /** Runs that wait for somebody, whatever the filter says. */
  waiting = $state.raw<WorkflowRun[]>([]);
  hasMore = $state(false);
  isLoading = $state(false);
  problem = $state.raw<ApiProblem | null>(null);
  #query: RunsQuery | null = null;
  #n_pages = 1;
  #isBusy = false;
  /** Something happened while a request was under way. */
  #isStale = false;
  #settle: ReturnType<typeof setTimeout> | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #changes: EventSource;
  readonly #look = () => void this.refresh();

  constructor() {
    this.#timer = setInterval(this.#look, LOOK_ANYWAY_MS);
    document.addEventListener('visibilitychange', this.#look);
    // Comes back by itself after a lost connection.
    this.#changes = new EventSource('/api/gantry/events/runs');
    this.#changes.addEventListener('change', this.#look);
  }

  /** Shows other runs from now on. */
  ask(query: RunsQuery): void {
    const isFirst = this.#query === null;
    this.#query = query;
    this.#n_pages = 1;
    this.isLoading = true;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(this.#look, isFirst ? 0 : SETTLE_MS);
  }

  more(): void {
    this.#n_pages += 1;
    void this.refresh();
  }

  async refresh(): Promise<void> {
    if (this.#query === null || document.hidden) return;
    if (this.#isBusy) {
      this.#isStale = true;
      return;
    }
    this.#isBusy = true;
    do {
      this.#isStale = false;
      await this.#load(this.#query);
    } while (this.#isStale);
    this.#isBusy = false;
  }

  async #load(query: RunsQuery): Promise<void> {
    try {
      const [pages, waiting] = await Promise.all([this.#pages(query), listRuns({ status: STATES.waiting.join(',') }, WAITING_SHOWN, null)]);
      if (query !== this.#query) {
        this.#isStale = true;
        return;
      }
      this.runs = pages.runs;
      this.hasMore = pages.hasMore;
      this.waiting = waiting.workflow_runs;
      this.problem = null;
    } catch (error) {
      if (error instanceof ApiProblem) this.problem = error;
    }
    this.isLoading = false;
  }

  async #pages(query: RunsQuery): Promise<{ runs: WorkflowRun[]; hasMore: boolean }> {
    const runs: WorkflowRun[] = [];
    let before: number | null = null;
    for (let page = 0; page < this.#n_pages; page += 1) {
      const answer = await listRuns(query, PER_PAGE, before);
      runs.push(...answer.workflow_runs);
      before = answer.next_cursor;
      if (before === null) break;
    }
    return { runs, hasMore: before !== null };
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#settle);
    this.#changes.close();
    document.removeEventListener('visibilitychange', this.#look);
  }
}
