// The lines for a terminal that do what a form does.
//
// Pure. Invariant: whatever somebody typed reaches the program as one argument, and the shell reads
// nothing in it.

import type { Dispatch } from '../api/repositories';

export interface Target {
  /** With scheme, without path. */
  origin: string;
  repository: string;
  /** File name. */
  workflow: string;
}

export function ghLine({ origin, repository, workflow }: Target, { ref, inputs }: Dispatch): string {
  const fields = Object.entries(inputs).map(([name, value]) => `-f ${quoted(`${name}=${value}`)}`);
  const host = origin.replace(/^https:\/\//, '');
  // `gh` speaks TLS to every host but this one, which a plain server reaches as its proxy.
  const isPlain = origin.startsWith('http://');
  const start = isPlain ? `GH_HOST=github.localhost HTTP_PROXY=${origin} ` : '';
  const place = isPlain ? repository : `${host}/${repository}`;
  const words = [`${start}gh workflow run`, quoted(workflow), '--repo', quoted(place), '--ref', quoted(ref)];
  return [...words, ...fields].join(' ');
}

export function curlLine({ origin, repository, workflow }: Target, dispatch: Dispatch): string {
  const path = `/repos/${repository}/actions/workflows/${encodeURIComponent(workflow)}/dispatches`;
  return [
    'curl --fail-with-body',
    "-H 'content-type: application/json'",
    '-H "authorization: Bearer $GANTRY_TOKEN"',
    `-d ${quoted(JSON.stringify(dispatch))}`,
    quoted(origin + path),
  ].join(' ');
}

/** As one word of a POSIX shell. */
export function quoted(text: string): string {
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
