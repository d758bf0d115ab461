// Markdown as people write it in summaries.
import { expect, it } from 'vitest';

import type { Piece } from './allowed';
import { readMarkdown } from './read';

function drawn(pieces: Piece[]): string {
  const one = (piece: Piece): string =>
    typeof piece === 'string' ? piece : `<${piece.tag}>${piece.children.map(one).join('')}</${piece.tag}>`;
  return pieces.map(one).join('').replace(/\n/g, '');
}

it.each([
  ['a table', '| a | b |\n|---|--:|\n| 1 | **2** |', '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><strong>2</strong></td></tr></tbody></table>'],
  ['tasks', '- [x] done\n- [ ] open', '<ul><li>☑ done</li><li>☐ open</li></ul>'],
  ['HTML around Markdown', '<details><summary>More</summary>\n\n`x`\n\n</details>', '<details><summary>More</summary><p><code>x</code></p></details>'],
  ['what the toolkit writes', '<h1>Results</h1><table><tr><th>File</th></tr><tr><td>a &amp; b</td></tr></table>', '<h3>Results</h3><table><tr><th>File</th></tr><tr><td>a & b</td></tr></table>'],
  ['code that looks like HTML', '```html\n<script>x</script>\n```', '<pre><code><script>x</script></code></pre>'],
  ['a script', 'a<script>x</script>b', '<p>ab</p>'],
  ['what is never closed', '<b>a <i>b', '<p><b>a <i>b</i></b></p>'],
])('%s', (_, text, expected) => {
  expect(drawn(readMarkdown(text))).toBe(expected);
});
