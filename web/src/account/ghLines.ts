// What to type so that GitHub's own client speaks with this server.

/** The lines of a shell, by the address of the page: TLS is spoken to directly, plain HTTP through what `gh` takes for a proxy. */
export function ghLines(origin: string): string {
  const { protocol, host } = new URL(origin);
  if (protocol === 'https:') return `export GH_HOST=${host}\nexport GH_ENTERPRISE_TOKEN=…`;
  return `export GH_HOST=github.localhost HTTP_PROXY=${origin}\nexport GH_TOKEN=…`;
}
