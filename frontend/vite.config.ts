import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  // The server's Content-Security-Policy allows files of its own and nothing inline.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1200 },
  // A file of tests that needs a document says so in its first line.
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}'], testTimeout: 20000 },
});
