// Who is signed in.
//
// Invariant: any 401, from any call, ends up here.

import { ApiProblem, getSession, onSignedOut, signOut } from '../api/client';
import type { Session } from '../api/shapes';

type State = { kind: 'unknown' } | { kind: 'in'; who: Session } | { kind: 'out' } | { kind: 'problem'; message: string };

let state = $state.raw<State>({ kind: 'unknown' });

onSignedOut(() => {
  state = { kind: 'out' };
});

export const session = {
  get state(): State {
    return state;
  },
  async load(): Promise<void> {
    try {
      state = { kind: 'in', who: await getSession() };
    } catch (error) {
      if (error instanceof ApiProblem && error.status !== 401) state = { kind: 'problem', message: error.message };
    }
  },
  async end(): Promise<void> {
    await signOut();
    state = { kind: 'out' };
  },
};
