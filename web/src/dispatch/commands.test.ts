// The lines for a terminal that do what a form does.
import { describe, expect, it } from 'vitest';

import { curlLine, ghLine, quoted } from './commands';

const TARGET = { origin: 'https://ci.test:8443', repository: 'acme/app', workflow: 'deploy.yml' };

describe('a word for the shell', () => {
  it.each([
    ['main', 'main'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", `'it'\\''s'`],
    ['$(rm -rf ~)`x`', "'$(rm -rf ~)`x`'"],
    ['a\nb', "'a\nb'"],
  ])('%j is %s', (text, word) => {
    expect(quoted(text)).toBe(word);
  });
});

it('names the host, the file, the ref and every input to gh', () => {
  expect(ghLine(TARGET, { ref: 'main', inputs: { env: 'production', note: "Tom's try" } })).toBe(
    `gh workflow run deploy.yml --repo ci.test:8443/acme/app --ref main -f env=production -f 'note=Tom'\\''s try'`,
  );
});

it('reaches a server without TLS as a proxy', () => {
  expect(ghLine({ ...TARGET, origin: 'http://127.0.0.1:8080' }, { ref: 'v1', inputs: {} })).toBe(
    'GH_HOST=github.localhost HTTP_PROXY=http://127.0.0.1:8080 gh workflow run deploy.yml --repo acme/app --ref v1',
  );
});

it('sends the same by curl', () => {
  expect(curlLine(TARGET, { ref: 'main', inputs: { dry_run: 'true' } })).toBe(
    `curl --fail-with-body -H 'content-type: application/json' -H "authorization: Bearer $GANTRY_TOKEN" -d '{"ref":"main","inputs":{"dry_run":"true"}}' https://ci.test:8443/repos/acme/app/actions/workflows/deploy.yml/dispatches`,
  );
});
