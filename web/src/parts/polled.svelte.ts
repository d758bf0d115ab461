// Something that changes by itself, asked for again and again while someone looks at it.
//
// Invariant: at most one request at a time; none while the tab is hidden.

import { wordsOf } from '../api/request';

export class Polled<T> {
  value = $state.raw<T | null>(null);
  problem = $state('');
  #isBusy = false;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #ask: () => Promise<T>;

  constructor(ask: () => Promise<T>, every_ms: number) {
    this.#ask = ask;
    this.#timer = setInterval(() => void this.refresh(), every_ms);
    void this.refresh();
  }

  async refresh(): Promise<void> {
    if (this.#isBusy || document.hidden) return;
    this.#isBusy = true;
    try {
      this.value = await this.#ask();
      this.problem = '';
    } catch (error) {
      this.problem = wordsOf(error);
    } finally {
      this.#isBusy = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
