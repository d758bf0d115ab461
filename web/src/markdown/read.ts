// GitHub-flavoured Markdown to the tree of what may be shown of it.
//
// The HTML on the way is read by a parser of our own and never by the browser: even a document that
// runs nothing would report what the page's policy forbids. Invariant: the HTML goes nowhere else.

import { parseDocument } from 'htmlparser2';
import { Marked } from 'marked';

import { allowedPieces, type Piece } from './allowed';

/** More of a summary is not read; the server keeps at most 1 MiB. */
const MAX_CHARACTERS = 1024 * 1024;

const reader = new Marked({ gfm: true, breaks: false, async: false });

export function readMarkdown(text: string): Piece[] {
  const html = reader.parse(text.slice(0, MAX_CHARACTERS)) as string;
  return allowedPieces(parseDocument(html));
}
