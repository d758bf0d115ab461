// Where a job stands in a workflow file.
//
// Looks at indentation alone: the server has read the file as YAML, the page only marks lines.
// Invariant: a file that is not laid out as usual gives no lines, and never wrong ones.

export interface Lines {
  /** From 1. */
  first: number;
  last: number;
}

/** The lines of `jobs.<key>`; null when they are not found. Called jobs stand where their caller does. */
export function linesOfJob(text: string, key: string): Lines | null {
  const lines = text.split('\n');
  const caller = key.split('/')[0] ?? key;
  const jobs = lines.findIndex((line) => /^(jobs|"jobs"|'jobs')\s*:\s*(#.*)?$/.test(line));
  if (jobs === -1) return null;
  let indent: number | null = null;
  for (let at = jobs + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (isBlank(line)) continue;
    const depth = indentOf(line);
    if (depth === 0) return null;
    indent ??= depth;
    if (depth === indent && keyOf(line) === caller) return { first: at + 1, last: lastLine(lines, at, indent) };
  }
  return null;
}

function lastLine(lines: string[], head: number, indent: number): number {
  let last = head + 1;
  for (let at = head + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (isBlank(line)) continue;
    if (indentOf(line) <= indent) break;
    last = at + 1;
  }
  return last;
}

function keyOf(line: string): string | null {
  const match = /^\s*(?:"([^"]+)"|'([^']+)'|([^\s:#]+))\s*:/.exec(line);
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? null;
}

function isBlank(line: string): boolean {
  return /^\s*(#.*)?$/.test(line);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
