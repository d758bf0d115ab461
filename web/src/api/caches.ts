// Calls about what jobs put aside for later ones.

import { pathOf, request } from './request';

export interface Cache {
  id: number;
  key: string;
  ref: string;
  size_in_bytes: number;
  last_accessed_at: string;
  created_at: string;
}

export async function listCaches(repository: string): Promise<Cache[]> {
  const path = `/repos/${pathOf(repository)}/actions/caches?per_page=100`;
  return (await request<{ actions_caches: Cache[] }>('GET', path)).actions_caches;
}

export async function deleteCache(repository: string, cache: number): Promise<void> {
  await request('DELETE', `/repos/${pathOf(repository)}/actions/caches/${cache}`);
}
