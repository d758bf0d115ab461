// The list of runs, kept fresh while someone looks at it.
//
// Invariant: at most one request at a time; none while the tab is hidden.

import { ApiProblem, listRuns } from '../api/client';
import type { WorkflowRun } from '../api/shapes';

const PER_PAGE = 50;

/** How long the shown list may be behind. */
const REFRESH_MS = 3000;

export class RunListFeed {
  runs = $state.raw<WorkflowRun[] | null>(null);
  total = $state(0);
  problem = $state.raw<ApiProblem | null>(null);
  #n_pages = 1;
  #isBusy = false;
  #timer: ReturnType<typeof setInterval>;
  readonly #onVisible = () => void this.refresh();

  constructor() {
    this.#timer = setInterval(this.#onVisible, REFRESH_MS);
    document.addEventListener('visibilitychange', this.#onVisible);
    void this.refresh();
  }

  get hasMore(): boolean {
    return this.runs !== null && this.runs.length < this.total;
  }

  async more(): Promise<void> {
    this.#n_pages += 1;
    await this.refresh();
  }

  async refresh(): Promise<void> {
    if (this.#isBusy || document.hidden) return;
    this.#isBusy = true;
    try {
      const pages = await Promise.all(Array.from({ length: this.#n_pages }, (_, at) => listRuns(at + 1, PER_PAGE)));
      const byId = new Map(pages.flatMap((page) => page.workflow_runs).map((run) => [run.id, run]));
      this.runs = [...byId.values()];
      this.total = pages[0]?.total_count ?? 0;
      this.problem = null;
    } catch (error) {
      if (error instanceof ApiProblem) this.problem = error;
    } finally {
      this.#isBusy = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#onVisible);
  }
}
