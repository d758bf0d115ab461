// Something a person asks the server for: at most once at a time, and what went wrong in words.

import { wordsOf } from '../api/request';

export class Action {
  isBusy = $state(false);
  problem = $state('');

  /** True when it went well. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.problem = '';
    try {
      await work();
      return true;
    } catch (error) {
      this.problem = wordsOf(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
