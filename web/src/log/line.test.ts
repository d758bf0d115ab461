// One raw line of a log: time, kind, text, marks.
import { describe, expect, it } from 'vitest';

import { kindOf, markPieces, MAX_SHOWN_CHARACTERS, showLine } from './line';

const TIME = '2026-08-17T09:03:12.1234567Z';

describe('line', () => {
  it('takes the time off', () => {
    expect(showLine(`${TIME} hello`)).toEqual({
      time: TIME,
      kind: 'plain',
      pieces: [{ text: 'hello', classes: '' }],
      n_hidden: 0,
    });
    expect(showLine(`${TIME} `).pieces).toEqual([]);
    expect(showLine(TIME).pieces).toEqual([]);
  });

  it('keeps a line without a time whole', () => {
    for (const text of ['hello', '', '2026-08-17 not a stamp', 'aaaa-aaaaaTaaaaaaaaaaaaaaaaaaa b']) {
      expect(showLine(text).time).toBe('');
      expect(showLine(text).pieces.map((piece) => piece.text).join('')).toBe(text);
    }
  });

  it('knows the markers, and only at the start of the text', () => {
    expect(showLine(`${TIME} ##[error]no such file`)).toMatchObject({
      kind: 'error',
      pieces: [{ text: 'no such file' }],
    });
    expect(kindOf(`${TIME} ##[group]Run make`)).toBe('group');
    expect(kindOf(`${TIME} ##[endgroup]`)).toBe('endgroup');
    expect(kindOf(`${TIME} see ##[error]`)).toBe('plain');
    expect(kindOf(`${TIME} ##[nonsense]x`)).toBe('plain');
  });

  it('cuts a very long line and says by how much', () => {
    const shown = showLine(`${TIME} ${'x'.repeat(MAX_SHOWN_CHARACTERS + 7)}`);
    expect(shown.n_hidden).toBe(7);
    expect(shown.pieces[0]?.text).toHaveLength(MAX_SHOWN_CHARACTERS);
  });
});

describe('marks', () => {
  it('mark across pieces, whatever the case', () => {
    const pieces = [
      { text: 'one FA', classes: 'fg-1' },
      { text: 'IL two fail', classes: '' },
    ];
    expect(markPieces(pieces, 'fail')).toEqual([
      { text: 'one ', classes: 'fg-1', marked: false },
      { text: 'FA', classes: 'fg-1', marked: true },
      { text: 'IL', classes: '', marked: true },
      { text: ' two ', classes: '', marked: false },
      { text: 'fail', classes: '', marked: true },
    ]);
  });

  it('leave the pieces as they are without a query', () => {
    expect(markPieces([{ text: 'a', classes: '' }], '')).toEqual([{ text: 'a', classes: '', marked: false }]);
  });
});
