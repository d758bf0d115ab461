// Who is signed in.
//
// Invariant: any 401, from any call, ends up here.

import { ApiProblem, getSession, onSignedOut, signOut } from '../api/client';
import type { Role, Session } from '../api/shapes';

type State = { kind: 'unknown' } | { kind: 'in'; who: Session } | { kind: 'out' } | { kind: 'problem'; message: string };

let state = $state.raw<State>({ kind: 'unknown' });

onSignedOut(() => {
  state = { kind: 'out' };
});

const ROLES: Role[] = ['read', 'write', 'admin'];

export const session = {
  get state(): State {
    return state;
  },
  /** Whether the server would let this person do what needs `role` in a repository that is shown to them; it decides by itself, too. */
  may(role: Role): boolean {
    return state.kind === 'in' && ROLES.indexOf(state.who.role) >= ROLES.indexOf(role);
  },
  /** The same for what belongs to no repository: those who have but some of them may not. */
  mayEverywhere(role: Role): boolean {
    return state.kind === 'in' && state.who.repository_ids === null && this.may(role);
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
