// Which rows of a long list are on screen, and where they stand.
//
// Rows have one height. Browsers limit the height of an element, so that a body beyond
// `MAX_BODY_PX` is drawn shorter and scrolling through it is scaled. Invariant: the first row is
// reached at the top of the body and the last one at its end.

/** Height of a row; `--row` in the style sheet is the same. */
export const ROW_PX = 20;

/** Firefox stops near 17.8 million; several steps share one list. */
export const MAX_BODY_PX = 6_000_000;

const OVERSCAN_ROWS = 12;

export interface Body {
  /** Distance from the top of the list's content. */
  top: number;
  n_rows: number;
}

export interface Viewport {
  top: number;
  height: number;
}

export interface RowWindow {
  first: number;
  /** Exclusive. */
  last: number;
  /** Distance of the first row from the top of the body. */
  offset: number;
}

export function bodyHeight(n_rows: number): number {
  return Math.min(n_rows * ROW_PX, MAX_BODY_PX);
}

export function visibleRows(body: Body, view: Viewport): RowWindow {
  const height = bodyHeight(body.n_rows);
  if (body.top >= view.top + view.height || body.top + height <= view.top) return { first: 0, last: 0, offset: 0 };
  const scale = scaleOf(body.n_rows, view.height);
  const local = clamp(view.top - body.top, 0, Math.max(0, height - view.height));
  const virtual = local * scale;
  const first = Math.max(0, Math.floor(virtual / ROW_PX) - OVERSCAN_ROWS);
  const last = Math.min(body.n_rows, Math.ceil((virtual + view.height) / ROW_PX) + OVERSCAN_ROWS);
  return { first, last, offset: local - virtual + first * ROW_PX };
}

/** The scroll position that shows a row `margin` below the top of the view. */
export function scrollTopOf(body: Body, row: number, margin: number, viewHeight: number): number {
  const virtual = Math.max(0, row * ROW_PX - margin);
  const scale = scaleOf(body.n_rows, viewHeight);
  if (scale === 1) return Math.max(0, body.top + row * ROW_PX - margin);
  return body.top + virtual / scale;
}

function scaleOf(n_rows: number, viewHeight: number): number {
  const full = n_rows * ROW_PX;
  const height = bodyHeight(n_rows);
  if (full <= height || height <= viewHeight) return 1;
  return (full - viewHeight) / (height - viewHeight);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
