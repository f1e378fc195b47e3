import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('page', import.meta.url)),
  plugins: [react()],
  // How long which plugin takes says nothing to who starts the shop.
  build: { rolldownOptions: { checks: { bundlerTimings: false } } },
});
