// Calls about the own sign-in.

import { request } from './request';

export interface BrowserSession {
  id: number;
  login: string;
  is_from_github: boolean;
  address: string | null;
  browser: string;
  created_at: string;
  expires_at: string;
  is_current: boolean;
}

/** How people may sign in; `github` names the server that the account is of. */
export interface SignInWays {
  github: { server: string } | null;
}

export function getSignInWays(): Promise<SignInWays> {
  return request('GET', '/api/gantry/sign-in');
}

export function listSessions(): Promise<BrowserSession[]> {
  return request('GET', '/api/gantry/sessions');
}

export async function endSession(id: number): Promise<void> {
  await request('DELETE', `/api/gantry/sessions/${id}`);
}
