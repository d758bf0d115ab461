// Builds the page into `dist/`, which the server embeds.
//
// Everything is a file of its own: the server's content security policy allows no inline script,
// no inline style and no data: address.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const server = process.env.GANTRY_DEV_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    proxy: { '/api': server, '/repos': server, '/login': server },
  },
  test: { include: ['src/**/*.test.ts'] },
});
