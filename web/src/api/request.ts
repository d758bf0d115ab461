// One call to the server: JSON in, JSON out, problems as one error type.
//
// Same origin only; the session cookie is the browser's business. Invariant: every answer that is
// not 2xx becomes an `ApiProblem` with the server's own message.

import { clock } from '../format/clock.svelte';

export class ApiProblem extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

let signedOut: () => void = () => {};

/** Called whenever the server says that nobody is signed in. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

export async function request<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const text = await requestText(method, path, body);
  return (text === '' ? null : parsed(text)) as T;
}

/** The answer as it came. */
export async function requestText(method: Method, path: string, body?: unknown): Promise<string> {
  const answer = await send(method, path, body);
  clock.observe(answer.headers.get('date'));
  const text = await answer.text();
  if (answer.status === 401) signedOut();
  if (!answer.ok) throw new ApiProblem(answer.status, messageOf(text, answer.status));
  return text;
}

/** What went wrong, in words. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `?a=1&b=2` of what is given; empty and absent values are left out. */
export function queryOf(values: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** `owner/name` as part of a path. */
export function pathOf(repository: string): string {
  return repository.split('/').map(encodeURIComponent).join('/');
}

async function send(method: Method, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  try {
    return await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    throw new ApiProblem(0, 'The server does not answer.');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiProblem(0, 'The server sent something that is not JSON.');
  }
}

function messageOf(text: string, status: number): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message);
  } catch {
    // Not JSON: a proxy's page, say. The status is all there is to tell.
  }
  return `The server answered ${status}.`;
}
