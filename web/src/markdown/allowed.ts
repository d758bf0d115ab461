// What of a document that somebody else wrote is shown.
//
// A list of what is allowed, never of what is not. Touches no document: it reads nodes and makes a
// tree of plain values, which `Tree.svelte` draws with text nodes and named attributes. Invariant:
// whatever goes in, only the elements and attributes of this file come out.

export type Piece = string | Element;

export interface Element {
  tag: string;
  attributes: Record<string, string>;
  children: Piece[];
}

/** The part of a parser's nodes that is read; comments and the like have neither name nor text. */
export interface SourceNode {
  /** Of an element. */
  readonly name?: string;
  readonly attribs?: Readonly<Record<string, string>>;
  readonly children?: readonly SourceNode[];
  readonly type: string;
  /** Of a text. */
  readonly data?: string;
}

/** Elements that are shown as they are. */
const SHOWN = new Set(
  'p br hr ul ol li dl dt dd blockquote pre code em strong b i u del ins s sub sup kbd samp var q small mark abbr table thead tbody tfoot tr th td caption details summary div span a'.split(
    ' ',
  ),
);

/** Elements whose text is no text for people. */
const LEFT_OUT = new Set(
  'script style template noscript iframe object embed applet svg math head title base link meta form button select textarea audio video source canvas frame frameset'.split(
    ' ',
  ),
);

/** Deeper parts are left out: a browser's layout does not like a hundred thousand levels. */
const MAX_DEPTH = 60;

/** The first heading of the page that the document is shown on has level 2, and its own have more. */
const FIRST_LEVEL = 3;
const LAST_LEVEL = 6;

/** The allowed part of a document's body. */
export function allowedPieces(body: SourceNode): Piece[] {
  const levels = { last: FIRST_LEVEL - 1 };
  return pieces(body, levels, 0);
}

interface Levels {
  last: number;
}

function pieces(node: SourceNode, levels: Levels, depth: number): Piece[] {
  if (depth > MAX_DEPTH) return [];
  return (node.children ?? []).flatMap((child) => piecesOf(child, levels, depth + 1));
}

function piecesOf(node: SourceNode, levels: Levels, depth: number): Piece[] {
  if (node.type === 'text') return [node.data ?? ''];
  if (node.attribs === undefined || node.name === undefined) return [];
  const name = node.name.toLowerCase();
  if (LEFT_OUT.has(name)) return [];
  if (name === 'img') return picture(node);
  if (name === 'input') return box(node);
  if (/^h[1-6]$/.test(name)) {
    const tag = heading(Number(name[1]), levels);
    return [{ tag, attributes: {}, children: pieces(node, levels, depth) }];
  }
  const children = pieces(node, levels, depth);
  return SHOWN.has(name) ? [{ tag: name, attributes: attributesOf(node, name), children }] : children;
}

/** Levels follow each other without a gap, as readers with a screen reader expect. */
function heading(wanted: number, levels: Levels): string {
  levels.last = Math.min(wanted + FIRST_LEVEL - 1, levels.last + 1, LAST_LEVEL);
  return `h${levels.last}`;
}

/** Pictures lie elsewhere, and nothing is fetched from elsewhere: the way to it is shown. */
function picture(node: SourceNode): Piece[] {
  const address = node.attribs?.src ?? '';
  const text = node.attribs?.alt || 'picture';
  return isWebAddress(address) ? [{ tag: 'a', attributes: link(address), children: [text] }] : [text];
}

/** Of a task list. */
function box(node: SourceNode): Piece[] {
  if (node.attribs?.type !== 'checkbox') return [];
  return [node.attribs?.checked === undefined ? '☐' : '☑'];
}

function attributesOf(node: SourceNode, name: string): Record<string, string> {
  const value = (attribute: string) => node.attribs?.[attribute] ?? null;
  switch (name) {
    case 'a': {
      const address = value('href') ?? '';
      return isWebAddress(address) ? link(address) : {};
    }
    case 'th':
    case 'td':
      return { ...number('colspan', value('colspan')), ...number('rowspan', value('rowspan')), ...alignment(value('align')) };
    case 'ol':
      return number('start', value('start'));
    case 'details':
      return value('open') === null ? {} : { open: '' };
    default:
      return {};
  }
}

function link(href: string): Record<string, string> {
  return { href, rel: 'noopener noreferrer nofollow ugc', target: '_blank' };
}

function number(name: string, value: string | null): Record<string, string> {
  return value !== null && /^\d{1,3}$/.test(value) ? { [name]: value } : {};
}

function alignment(value: string | null): Record<string, string> {
  return value === 'left' || value === 'right' || value === 'center' ? { class: value } : {};
}

/** Only what a browser may open without harm. */
export function isWebAddress(address: string): boolean {
  return /^(https?:\/\/|mailto:)[^\s]/i.test(address);
}
