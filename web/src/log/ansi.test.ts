// Terminal escapes -> pieces of text with class names.
import { describe, expect, it } from 'vitest';

import { parseAnsi } from './ansi';

const ESC = '\u001b';

describe('colours and attributes', () => {
  it('leaves plain text in one piece without classes', () => {
    expect(parseAnsi('make: all done')).toEqual([{ text: 'make: all done', classes: '' }]);
    expect(parseAnsi('')).toEqual([]);
  });

  it('gives the sixteen colours, bold and a reset', () => {
    expect(parseAnsi(`${ESC}[1;31mFAIL${ESC}[0m ${ESC}[92;44mok${ESC}[m.`)).toEqual([
      { text: 'FAIL', classes: 'fg-1 bold' },
      { text: ' ', classes: '' },
      { text: 'ok', classes: 'fg-10 bg-4' },
      { text: '.', classes: '' },
    ]);
  });

  it('takes attributes back one by one', () => {
    expect(parseAnsi(`${ESC}[1;3;4;31ma${ESC}[22mb${ESC}[23;24mc${ESC}[39md`)).toEqual([
      { text: 'a', classes: 'fg-1 bold italic underline' },
      { text: 'b', classes: 'fg-1 italic underline' },
      { text: 'c', classes: 'fg-1' },
      { text: 'd', classes: '' },
    ]);
  });

  it('swaps the colours of inverse text', () => {
    expect(parseAnsi(`${ESC}[7mx${ESC}[31my`)).toEqual([
      { text: 'x', classes: 'bg-ink fg-paper' },
      { text: 'y', classes: 'bg-1 fg-paper' },
    ]);
  });

  it.each([
    ['38;5;9', 'fg-9'],
    ['38;5;196', 'fg-9'],
    ['38;5;28', 'fg-2'],
    ['38;5;244', 'fg-7'],
    ['38;2;255;170;0', 'fg-11'],
    ['38:2:0:0:180', 'fg-4'],
    ['48;5;21', 'bg-12'],
    ['38;5;9;1', 'fg-9 bold'],
  ])('maps %s to a colour of the theme', (code, classes) => {
    expect(parseAnsi(`${ESC}[${code}mx`)).toEqual([{ text: 'x', classes }]);
  });

  it('joins neighbours of the same style', () => {
    expect(parseAnsi(`${ESC}[31ma${ESC}[31mb`)).toEqual([{ text: 'ab', classes: 'fg-1' }]);
  });
});

describe('everything else a terminal would do', () => {
  it.each([
    [`${ESC}]8;;javascript:alert(1)${ESC}\\link${ESC}]8;;${ESC}\\`, 'link'],
    [`${ESC}]0;title\u0007text`, 'text'],
    [`${ESC}[2J${ESC}[1;1Htext`, 'text'],
    [`${ESC}(Btext${ESC}=`, 'text'],
    ['a\u0000b\u0008c\u009bd', 'abcd'],
    [`cut off ${ESC}[3`, 'cut off 3'],
    [`cut off ${ESC}`, 'cut off '],
    [`${ESC}]52;c;never ends`, ''],
    ['tab\tstays', 'tab\tstays'],
  ])('%j leaves %j', (line, text) => {
    expect(parseAnsi(line).map((piece) => piece.text).join('')).toBe(text);
  });

  it('keeps only what follows the last carriage return', () => {
    expect(parseAnsi('10%\r50%\r100%')).toEqual([{ text: '100%', classes: '' }]);
    expect(parseAnsi('windows line\r')).toEqual([{ text: 'windows line', classes: '' }]);
  });

  it('leaves markup as text', () => {
    const line = '"><svg onload=alert(1)>';
    expect(parseAnsi(`${ESC}[31m${line}`)).toEqual([{ text: line, classes: 'fg-1' }]);
  });

  it('reads a long hostile line in a moment', () => {
    const started = performance.now();
    parseAnsi(`${ESC}]`.repeat(100_000));
    parseAnsi(`${ESC}[${';'.repeat(200_000)}m`);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
