// A layered drawing of a job graph: needs -> columns, places and curves.
//
// Pure arithmetic. Invariants: a job stands in a later column than everything it needs; a long edge
// passes through columns of its own, never under a card; unknown or circular needs are ignored.

/** A job by its key, and the keys it needs. */
export interface GraphKey {
  key: string;
  needs: string[];
}

export interface GraphNode extends GraphKey {
  height: number;
}

export interface PlacedNode {
  key: string;
  layer: number;
  x: number;
  y: number;
}

export interface PlacedEdge {
  from: string;
  to: string;
  /** SVG path data. */
  path: string;
}

export interface Layout {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  width: number;
  height: number;
}

export interface Spacing {
  nodeWidth: number;
  columnGap: number;
  rowGap: number;
}

/** A card, or a point of an edge that passes through a column (no `key`). */
interface Cell {
  key: string | null;
  layer: number;
  height: number;
  y: number;
  before: Cell[];
  after: Cell[];
}

const LANE_HEIGHT = 12;
const ORDERING_SWEEPS = 6;

export function layoutGraph(nodes: GraphNode[], spacing: Spacing): Layout {
  const needs = reducedNeeds(nodes);
  const layers = layersOf(nodes, needs);
  const cells = new Map<string, Cell>();
  const columns: Cell[][] = [];
  for (const node of nodes) {
    cells.set(node.key, addCell(columns, node.key, layers.get(node.key) ?? 0, node.height));
  }
  const chains = connect(nodes, needs, cells, columns);
  order(columns);
  const height = place(columns, spacing.rowGap);
  const xOf = (layer: number) => layer * (spacing.nodeWidth + spacing.columnGap);
  const placed = [...cells.entries()].map(([key, cell]) => ({ key, layer: cell.layer, x: xOf(cell.layer), y: cell.y }));
  placed.sort((a, b) => a.layer - b.layer || a.y - b.y);
  return {
    nodes: placed,
    edges: chains.map((chain) => ({ from: chain.from, to: chain.to, path: curve(chain.cells, xOf, spacing) })),
    width: columns.length === 0 ? 0 : xOf(columns.length - 1) + spacing.nodeWidth,
    height,
  };
}

/** How many columns the drawing will have. */
export function columnsOf(nodes: GraphKey[]): number {
  return Math.max(0, ...layersOf(nodes, reducedNeeds(nodes)).values()) + 1;
}

/** Direct needs that no longer way through the graph says already. */
function reducedNeeds(nodes: GraphKey[]): Map<string, string[]> {
  const needs = acyclicNeeds(nodes);
  const memo = new Map<string, Set<string>>();
  const ancestors = (key: string): Set<string> => {
    const found = memo.get(key);
    if (found !== undefined) return found;
    const all = new Set<string>();
    for (const need of needs.get(key) ?? []) {
      all.add(need);
      for (const further of ancestors(need)) all.add(further);
    }
    memo.set(key, all);
    return all;
  };
  const isDirect = (need: string, list: string[]) => !list.some((other) => ancestors(other).has(need));
  return new Map([...needs].map(([key, list]) => [key, list.filter((need) => isDirect(need, list))]));
}

/** Needs that exist, each once, without those that would close a circle. */
function acyclicNeeds(nodes: GraphKey[]): Map<string, string[]> {
  const given = new Map(nodes.map((node) => [node.key, node.needs]));
  const kept = new Map<string, string[]>();
  const open = new Set<string>();
  const visit = (key: string): void => {
    if (kept.has(key)) return;
    open.add(key);
    const list: string[] = [];
    for (const need of new Set(given.get(key))) {
      if (!given.has(need) || open.has(need)) continue;
      visit(need);
      list.push(need);
    }
    open.delete(key);
    kept.set(key, list);
  };
  for (const node of nodes) visit(node.key);
  return kept;
}

/** Longest way from a job without needs. */
function layersOf(nodes: GraphKey[], needs: Map<string, string[]>): Map<string, number> {
  const layers = new Map<string, number>();
  const layerOf = (key: string): number => {
    const found = layers.get(key);
    if (found !== undefined) return found;
    const layer = Math.max(0, ...(needs.get(key) ?? []).map((need) => layerOf(need) + 1));
    layers.set(key, layer);
    return layer;
  };
  for (const node of nodes) layerOf(node.key);
  return layers;
}

function addCell(columns: Cell[][], key: string | null, layer: number, height: number): Cell {
  const cell: Cell = { key, layer, height, y: 0, before: [], after: [] };
  while (columns.length <= layer) columns.push([]);
  columns[layer]?.push(cell);
  return cell;
}

interface Chain {
  from: string;
  to: string;
  cells: Cell[];
}

/** Links the cells of every edge, with a lane in each column between. */
function connect(nodes: GraphNode[], needs: Map<string, string[]>, cells: Map<string, Cell>, columns: Cell[][]): Chain[] {
  const chains: Chain[] = [];
  for (const node of nodes) {
    for (const need of needs.get(node.key) ?? []) {
      const start = cells.get(need);
      const end = cells.get(node.key);
      if (start === undefined || end === undefined) continue;
      const chain = [start];
      for (let layer = start.layer + 1; layer < end.layer; layer += 1) {
        chain.push(addCell(columns, null, layer, LANE_HEIGHT));
      }
      chain.push(end);
      chain.slice(1).forEach((cell, at) => {
        const previous = chain[at];
        if (previous === undefined) return;
        previous.after.push(cell);
        cell.before.push(previous);
      });
      chains.push({ from: need, to: node.key, cells: chain });
    }
  }
  return chains;
}

/** Sorts each column by the mean place of its neighbours, left to right and back. */
function order(columns: Cell[][]): void {
  const places = new Map<Cell, number>();
  const number = (column: Cell[]) => column.forEach((cell, at) => places.set(cell, (at + 0.5) / column.length));
  columns.forEach(number);
  for (let sweep = 0; sweep < ORDERING_SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : columns.toReversed()) {
      const wish = new Map(column.map((cell) => [cell, mean(forward ? cell.before : cell.after, places) ?? places.get(cell) ?? 0]));
      column.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
      number(column);
    }
  }
}

function mean(cells: Cell[], places: Map<Cell, number>): number | null {
  if (cells.length === 0) return null;
  return cells.reduce((sum, cell) => sum + (places.get(cell) ?? 0), 0) / cells.length;
}

/** Stacks every column and centres it; gives the height of the whole. */
function place(columns: Cell[][], rowGap: number): number {
  const heights = columns.map((column) =>
    column.reduce((sum, cell) => sum + cell.height, rowGap * Math.max(0, column.length - 1)),
  );
  const whole = Math.max(0, ...heights);
  columns.forEach((column, at) => {
    let y = (whole - (heights[at] ?? 0)) / 2;
    for (const cell of column) {
      cell.y = y;
      y += cell.height + rowGap;
    }
  });
  return whole;
}

/** A smooth line from the right of the first cell to the left of the last. */
function curve(cells: Cell[], xOf: (layer: number) => number, spacing: Spacing): string {
  const middle = (cell: Cell) => Math.round(cell.y + cell.height / 2);
  const first = cells[0];
  if (first === undefined) return '';
  let x = xOf(first.layer) + spacing.nodeWidth;
  let y = middle(first);
  let path = `M ${x} ${y}`;
  cells.slice(1).forEach((cell, at) => {
    const nextX = xOf(cell.layer);
    const nextY = middle(cell);
    const half = Math.round((nextX - x) / 2);
    path += ` C ${x + half} ${y} ${nextX - half} ${nextY} ${nextX} ${nextY}`;
    const isLane = at < cells.length - 2;
    x = isLane ? nextX + spacing.nodeWidth : nextX;
    y = nextY;
    if (isLane) path += ` L ${x} ${y}`;
  });
  return path;
}
