// The rules that keep the page within the server's content security policy.
import { describe, expect, it } from 'vitest';

const SOURCES = import.meta.glob<string>(['./**/*.svelte', './**/*.ts', './**/*.css', '../index.html'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

const FORBIDDEN: [string, RegExp][] = [
  ['raw HTML in a template', /\{@html/],
  ['HTML written into an element', /\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write/],
  ['code from text', /\beval\(|new Function\(/],
  ['an inline style', /\sstyle=["{]/],
  ['an inline script', /<script(?![^>]*\b(src|lang)=)[^>]*>/],
  ['something fetched from elsewhere', /@import|url\(\s*['"]?(https?:)?\/\//],
];

describe('no source has', () => {
  const checked = Object.entries(SOURCES).filter(([path]) => !path.endsWith('.test.ts'));

  it.each(FORBIDDEN)('%s', (_, pattern) => {
    expect(checked.length).toBeGreaterThan(20);
    expect(checked.filter(([, text]) => pattern.test(text)).map(([path]) => path)).toEqual([]);
  });
});
