// Text with terminal escapes -> pieces of plain text with class names.
//
// Makes no HTML: the caller turns pieces into text nodes. Colours are the sixteen of the theme;
// the 256-colour and true-colour forms become the nearest of them, so that contrast holds in light
// and dark. Invariant: no control character and no part of an escape comes out.

export interface Piece {
  text: string;
  /** Space-separated class names; empty for plain text. */
  classes: string;
}

interface Style {
  foreground: number | null;
  background: number | null;
  bold: boolean;
  faint: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  struck: boolean;
}

const PLAIN: Style = {
  foreground: null,
  background: null,
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  inverse: false,
  struck: false,
};

// One alternative per kind of escape: CSI, string sequences (OSC, DCS, SOS, PM, APC) up to their
// end, charset choices, other two-character escapes, and stray control characters.
const ESCAPE =
  /\x1b\[([0-?]*)([ -/]*)([@-~])|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]+[0-~]|\x1b[0-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

export function parseAnsi(line: string): Piece[] {
  const text = afterReturn(line);
  const pieces: Piece[] = [];
  let style = PLAIN;
  let start = 0;
  for (const match of text.matchAll(ESCAPE)) {
    add(pieces, text.slice(start, match.index), style);
    start = match.index + match[0].length;
    if (match[3] === 'm' && match[2] === '') style = applySgr(style, match[1] ?? '');
  }
  add(pieces, text.slice(start), style);
  return pieces;
}

/** A carriage return starts the line anew: progress bars leave only their last state. */
function afterReturn(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  const at = text.lastIndexOf('\r');
  return at === -1 ? text : text.slice(at + 1);
}

function add(pieces: Piece[], text: string, style: Style): void {
  if (text === '') return;
  const classes = classesOf(style);
  const last = pieces.at(-1);
  if (last !== undefined && last.classes === classes) last.text += text;
  else pieces.push({ text, classes });
}

function classesOf(style: Style): string {
  if (style === PLAIN) return '';
  const foreground = style.inverse ? style.background : style.foreground;
  const background = style.inverse ? style.foreground : style.background;
  const classes: string[] = [];
  if (foreground !== null) classes.push(`fg-${foreground}`);
  if (background !== null) classes.push(`bg-${background}`);
  if (style.inverse && style.foreground === null) classes.push('bg-ink');
  if (style.inverse && style.background === null) classes.push('fg-paper');
  if (style.bold) classes.push('bold');
  if (style.faint) classes.push('faint');
  if (style.italic) classes.push('italic');
  if (style.underline) classes.push('underline');
  if (style.struck) classes.push('struck');
  return classes.join(' ');
}

function applySgr(before: Style, parameters: string): Style {
  const style = { ...before };
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)));
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const { colour, used } = extendedColour(codes, at + 1);
      if (code === 38) style.foreground = colour ?? style.foreground;
      else style.background = colour ?? style.background;
      at += used;
    } else {
      applyCode(style, code);
    }
  }
  return isPlain(style) ? PLAIN : style;
}

function isPlain(style: Style): boolean {
  return (Object.keys(PLAIN) as (keyof Style)[]).every((key) => style[key] === PLAIN[key]);
}

function applyCode(style: Style, code: number): void {
  if (code >= 30 && code <= 37) style.foreground = code - 30;
  else if (code >= 90 && code <= 97) style.foreground = code - 82;
  else if (code >= 40 && code <= 47) style.background = code - 40;
  else if (code >= 100 && code <= 107) style.background = code - 92;
  else applyAttribute(style, code);
}

function applyAttribute(style: Style, code: number): void {
  switch (code) {
    case 0:
      Object.assign(style, PLAIN);
      break;
    case 1:
      style.bold = true;
      break;
    case 2:
      style.faint = true;
      break;
    case 3:
    case 23:
      style.italic = code === 3;
      break;
    case 4:
    case 21:
    case 24:
      style.underline = code !== 24;
      break;
    case 7:
    case 27:
      style.inverse = code === 7;
      break;
    case 9:
    case 29:
      style.struck = code === 9;
      break;
    case 22:
      style.bold = false;
      style.faint = false;
      break;
    case 39:
      style.foreground = null;
      break;
    case 49:
      style.background = null;
      break;
  }
}

/** `5;n` and `2;r;g;b` after 38 or 48; says how many codes it took. */
function extendedColour(codes: number[], at: number): { colour: number | null; used: number } {
  if (codes[at] === 5) return { colour: indexedColour(codes[at + 1] ?? 0), used: 2 };
  if (codes[at] !== 2) return { colour: null, used: 1 };
  const [red = 0, green = 0, blue = 0] = codes.slice(at + 1, at + 4);
  return { colour: nearestColour(red, green, blue), used: 4 };
}

function indexedColour(index: number): number {
  if (index < 16) return Math.max(0, index);
  if (index >= 232) return nearestColour(...grey(8 + (Math.min(index, 255) - 232) * 10));
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return nearestColour(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

function grey(level: number): [number, number, number] {
  return [level, level, level];
}

/** By hue, then brightness: a pale orange is closer to yellow than to any grey. */
function nearestColour(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 40) return [0, 8, 7, 15][Math.min(3, Math.floor(most / 64))] ?? 7;
  const middle = (most + least) / 2;
  const bits = (red > middle ? 1 : 0) | (green > middle ? 2 : 0) | (blue > middle ? 4 : 0);
  return most > 215 ? bits + 8 : bits;
}
