// What of a document that somebody else wrote is shown.
import { describe, expect, it } from 'vitest';

import { allowedPieces, isWebAddress, type Piece, type SourceNode } from './allowed';

type Source = string | [name: string, attributes: Record<string, string>, ...children: Source[]];

function node(source: Source): SourceNode {
  if (typeof source === 'string') return { type: 'text', data: source };
  const [name, attribs, ...children] = source;
  return { type: 'tag', name, attribs, children: children.map(node) };
}

function drawn(pieces: Piece[]): string {
  const one = (piece: Piece): string => {
    if (typeof piece === 'string') return piece;
    const attributes = Object.entries(piece.attributes).map(([name, value]) => ` ${name}=${value}`);
    return `<${piece.tag}${attributes.join('')}>${piece.children.map(one).join('')}</${piece.tag}>`;
  };
  return pieces.map(one).join('');
}

const allow = (...children: Source[]) => drawn(allowedPieces(node(['body', {}, ...children])));

describe('of a document', () => {
  it('plain elements stay, without any attribute that is not allowed', () => {
    const cell: Source = ['td', { colspan: '2', align: 'right', style: 'x', onclick: 'x', id: 'main' }, 'a'];
    expect(allow(['table', { class: 'x' }, ['tr', {}, cell]])).toBe(
      '<table><tr><td colspan=2 class=right>a</td></tr></table>',
    );
  });

  it('what runs, loads or asks is gone with all that is in it', () => {
    for (const name of ['script', 'style', 'iframe', 'svg', 'math', 'form', 'object', 'template', 'noscript']) {
      expect(allow('a', [name, { src: 'x', onload: 'x' }, 'b', ['p', {}, 'c']], 'd'), name).toBe('ad');
    }
  });

  it('an element that nobody knows leaves its text', () => {
    expect(allow(['x-evil', { onclick: 'x' }, 'a', ['b', {}, 'c']], ['section', {}, 'd'])).toBe('a<b>c</b>d');
  });

  it('links lead to the web alone, and nowhere with our address or our window', () => {
    const rest = ' rel=noopener noreferrer nofollow ugc target=_blank';
    expect(allow(['a', { href: 'https://x.test/' }, 'a'])).toBe(`<a href=https://x.test/${rest}>a</a>`);
    for (const href of ['javascript:alert(1)', ' javascript:x', 'data:text/html,x', '//x', '/x', 'vbscript:x', '']) {
      expect(allow(['a', { href }, 'a']), href).toBe('<a>a</a>');
    }
  });

  it('pictures become links to them', () => {
    expect(allow(['img', { src: 'https://x.test/p.png', alt: 'chart', onerror: 'x' }])).toContain('<a href=https://x.test/p.png');
    expect(allow(['img', { src: 'x', alt: 'chart', onerror: 'x' }])).toBe('chart');
  });

  it('headings begin below those of the page and leave no level out', () => {
    const levels = allow(['h1', {}, 'a'], ['h4', {}, 'b'], ['h6', {}, 'c'], ['h1', {}, 'd'], ['h2', {}, 'e']);
    expect(levels).toBe('<h3>a</h3><h4>b</h4><h5>c</h5><h3>d</h3><h4>e</h4>');
    expect(allow(['h3', {}, 'a'])).toBe('<h3>a</h3>');
  });

  it('nesting has an end', () => {
    let deep: Source = 'text';
    for (let at = 0; at < 500; at += 1) deep = ['div', {}, deep];
    expect(allow(deep).match(/<div>/g)?.length).toBeLessThan(100);
  });
});

describe('an address', () => {
  it('is of the web or of a person', () => {
    for (const good of ['https://x.test', 'HTTP://x.test', 'mailto:a@b.test']) expect(isWebAddress(good)).toBe(true);
    for (const bad of ['java\nscript:x', 'https:', 'ftp://x', 'blob:x', 'https:// x']) expect(isWebAddress(bad)).toBe(false);
  });
});
