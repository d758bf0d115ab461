// One raw line of a log -> its time, its kind and its pieces.
//
// Called for the lines on screen only; the model keeps raw text. Invariant: the pieces together
// hold the visible text, cut at `MAX_SHOWN_CHARACTERS`.

import { parseAnsi, type Piece } from './ansi';

export type LineKind =
  | 'plain'
  | 'group'
  | 'endgroup'
  | 'error'
  | 'warning'
  | 'notice'
  | 'debug'
  | 'command'
  | 'section';

export interface ShownLine {
  /** As the runner wrote it, or empty. */
  time: string;
  kind: LineKind;
  pieces: Piece[];
  n_hidden: number;
}

/** Longer lines are cut on screen, since one line is one row; the raw log has all of it. */
export const MAX_SHOWN_CHARACTERS = 4000;

const MARKER = /^##\[(group|endgroup|error|warning|notice|debug|command|section)\]/;

export function showLine(raw: string): ShownLine {
  const start = textStart(raw);
  const time = raw.slice(0, Math.max(0, start - 1));
  const { kind, length } = markerAt(raw, start);
  const text = raw.slice(start + length);
  const n_hidden = Math.max(0, text.length - MAX_SHOWN_CHARACTERS);
  return { time, kind, pieces: parseAnsi(n_hidden > 0 ? text.slice(0, MAX_SHOWN_CHARACTERS) : text), n_hidden };
}

export function kindOf(raw: string): LineKind {
  return markerAt(raw, textStart(raw)).kind;
}

/** Where the text begins, behind `2026-08-17T09:03:12.1234567Z `. */
function textStart(raw: string): number {
  if (raw.charCodeAt(4) !== 45 || raw.charCodeAt(10) !== 84) return 0;
  const space = raw.indexOf(' ', 19);
  const end = space === -1 ? raw.length : space;
  if (end > 36 || raw.charCodeAt(end - 1) !== 90) return 0;
  return space === -1 ? end : end + 1;
}

function markerAt(raw: string, start: number): { kind: LineKind; length: number } {
  if (!raw.startsWith('##[', start)) return { kind: 'plain', length: 0 };
  const match = MARKER.exec(raw.slice(start, start + 12));
  if (match === null) return { kind: 'plain', length: 0 };
  return { kind: match[1] as LineKind, length: match[0].length };
}

/** A piece with a mark on the part that a search found. */
export interface MarkedPiece extends Piece {
  marked: boolean;
}

/** Splits pieces at every place where `query` occurs, whatever its case. */
export function markPieces(pieces: Piece[], query: string): MarkedPiece[] {
  if (query === '') return pieces.map((piece) => ({ ...piece, marked: false }));
  const ranges = occurrences(pieces.map((piece) => piece.text).join(''), query);
  const marked: MarkedPiece[] = [];
  let at = 0;
  for (const piece of pieces) {
    splitPiece(piece, at, ranges, marked);
    at += piece.text.length;
  }
  return marked;
}

function occurrences(text: string, query: string): [number, number][] {
  const haystack = text.toLowerCase();
  const needle = query.toLowerCase();
  const ranges: [number, number][] = [];
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + needle.length)) {
    ranges.push([at, at + needle.length]);
  }
  return ranges;
}

function splitPiece(piece: Piece, offset: number, ranges: [number, number][], out: MarkedPiece[]): void {
  let at = 0;
  const push = (end: number, marked: boolean) => {
    if (end > at) out.push({ text: piece.text.slice(at, end), classes: piece.classes, marked });
    at = Math.max(at, end);
  };
  for (const [from, to] of ranges) {
    const start = Math.max(0, from - offset);
    const end = Math.min(piece.text.length, to - offset);
    if (end <= start) continue;
    push(start, false);
    push(end, true);
  }
  push(piece.text.length, false);
}
