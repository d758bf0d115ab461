// Who is signed in.
//
// Invariant: any 401, from any call, ends up here.

import { ApiProblem, getSession, onSignedOut, signOut } from '../api/client';
import type { Role, Session } from '../api/shapes';
import { place } from '../router/location.svelte';

type State = { kind: 'unknown' } | { kind: 'in'; who: Session } | { kind: 'out' } | { kind: 'problem'; message: string };

let state = $state.raw<State>({ kind: 'unknown' });

onSignedOut(() => {
  state = { kind: 'out' };
});

const ROLES: Role[] = ['read', 'write', 'admin'];
const reaches = (held: Role, needed: Role) => ROLES.indexOf(held) >= ROLES.indexOf(needed);

export const session = {
  get state(): State {
    return state;
  },
  /** Whether the server would let this person do what needs `role` in the repository of the page; it decides by itself, too. */
  may(role: Role): boolean {
    const route = place.route;
    if (this.mayEverywhere(role)) return true;
    if (state.kind !== 'in' || !('owner' in route)) return false;
    const name = `${route.owner}/${route.repository}`.toLowerCase();
    const held = Object.entries(state.who.repositories ?? {}).find(([each]) => each.toLowerCase() === name);
    return held !== undefined && reaches(held[1], role);
  },
  /** The same for what belongs to no repository. */
  mayEverywhere(role: Role): boolean {
    return state.kind === 'in' && state.who.role !== null && reaches(state.who.role, role);
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
