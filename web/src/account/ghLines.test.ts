import { describe, expect, it } from 'vitest';

import { ghLines } from './ghLines';

describe('the lines for gh', () => {
  it('name the host where the server speaks TLS', () => {
    expect(ghLines('https://ci.example.com')).toBe('export GH_HOST=ci.example.com\nexport GH_ENTERPRISE_TOKEN=…');
  });
  it('go through the server where it does not', () => {
    const lines = ghLines('http://127.0.0.1:8080');
    expect(lines).toBe('export GH_HOST=github.localhost HTTP_PROXY=http://127.0.0.1:8080\nexport GH_TOKEN=…');
  });
});
