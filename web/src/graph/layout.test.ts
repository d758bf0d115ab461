// The drawing of job graphs.
import { describe, expect, it } from 'vitest';

import { columnsOf, layoutGraph, type GraphNode } from './layout';

const SPACING = { nodeWidth: 100, columnGap: 40, rowGap: 10 };

function draw(needs: Record<string, string[]>, height = 30) {
  const nodes: GraphNode[] = Object.entries(needs).map(([key, list]) => ({ key, needs: list, height }));
  return layoutGraph(nodes, SPACING);
}

function layersOf(needs: Record<string, string[]>): Record<string, number> {
  return Object.fromEntries(draw(needs).nodes.map((node) => [node.key, node.layer]));
}

describe('layers', () => {
  it('put a job behind the longest way to it', () => {
    expect(layersOf({ deploy: ['build', 'lint'], build: ['test'], lint: [], test: [] })).toEqual({
      lint: 0,
      test: 0,
      build: 1,
      deploy: 2,
    });
  });

  it('are counted without drawing them', () => {
    expect(columnsOf([{ key: 'a', needs: [] }, { key: 'b', needs: ['a'] }])).toBe(2);
    expect(columnsOf([])).toBe(1);
  });

  it('survive circular, unknown and repeated needs', () => {
    const layout = draw({ a: ['b'], b: ['a'], c: ['c', 'nowhere', 'd', 'd'], d: [] });
    expect(layout.nodes).toHaveLength(4);
    const edges = layout.edges.map((edge) => [edge.from, edge.to].join(' before '));
    expect(edges.filter((edge) => edge.includes('c'))).toEqual(['d before c']);
    expect(edges).toHaveLength(2);
  });

  it('draw nothing for nothing', () => {
    expect(draw({})).toEqual({ nodes: [], edges: [], width: 0, height: 0 });
  });
});

describe('edges', () => {
  it('leave out what a longer way says already', () => {
    const layout = draw({ a: [], b: ['a'], c: ['a', 'b'], d: ['a', 'c'] });
    expect(layout.edges.map((edge) => `${edge.from}-${edge.to}`)).toEqual(['a-b', 'b-c', 'c-d']);
  });

  it('start and end at the cards', () => {
    const layout = draw({ a: [], b: ['a'] });
    expect(layout.edges[0]?.path).toBe('M 100 15 C 120 15 120 15 140 15');
    expect(layout).toMatchObject({ width: 240, height: 30 });
  });

  it('pass beside the cards of the columns between', () => {
    const layout = draw({ a: [], x: [], b: ['a'], c: ['b'], d: ['c', 'x'] });
    const path = layout.edges.find((edge) => edge.from === 'x')?.path ?? '';
    const inColumn = [...path.matchAll(/ L (\d+) (\d+)/g)].map((match) => Number(match[2]));
    expect(inColumn).toHaveLength(2);
    for (const y of inColumn) {
      for (const card of layout.nodes.filter((node) => node.layer === 1 || node.layer === 2)) {
        expect(y < card.y || y > card.y + 30).toBe(true);
      }
    }
  });
});

describe('places', () => {
  it('never overlap in a column', () => {
    const needs: Record<string, string[]> = {};
    for (let at = 0; at < 40; at += 1) needs[`job${at}`] = at < 8 ? [] : [`job${(at * 7) % 8}`, `job${at - 8}`];
    const { nodes } = draw(needs);
    for (const layer of new Set(nodes.map((node) => node.layer))) {
      const column = nodes.filter((node) => node.layer === layer);
      column.slice(1).forEach((node, at) => expect(node.y - column[at]!.y).toBeGreaterThanOrEqual(40));
    }
  });

  it('keep straight chains apart instead of crossing them', () => {
    const layout = draw({ a: [], b: [], b2: ['b'], a2: ['a'] });
    const y = Object.fromEntries(layout.nodes.map((node) => [node.key, node.y]));
    expect(y.a2).toBe(y.a);
    expect(y.b2).toBe(y.b);
  });

  it('of a big graph come in a moment', () => {
    const needs: Record<string, string[]> = {};
    for (let at = 0; at < 256; at += 1) needs[`job${at}`] = at === 0 ? [] : [`job${at - 1}`, `job${at >> 1}`];
    const started = performance.now();
    expect(draw(needs).nodes).toHaveLength(256);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
