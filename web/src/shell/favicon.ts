// The sign in the browser's tab: Gantry's own, or the state of the run that is shown.
//
// Pictures are files of their own; the server's policy allows no other.

import type { Tone } from '../format/status';

const STATES: Partial<Record<Tone, string>> = {
  success: 'success',
  failure: 'failure',
  timed_out: 'failure',
  running: 'running',
  queued: 'running',
  waiting: 'waiting',
};

export function showFavicon(tone: Tone | null): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const state = tone === null ? undefined : STATES[tone];
  const href = state === undefined ? '/favicon.svg' : `/favicon-${state}.svg`;
  if (link !== null && link.getAttribute('href') !== href) link.setAttribute('href', href);
}
