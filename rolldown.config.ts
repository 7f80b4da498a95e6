import { defineConfig } from 'rolldown';

const common = {
  platform: 'node' as const,
  transform: { target: 'node18' },
};

/** Two shapes of one program: chunks for bin/flix.js (start-up), and one file for recipes (nothing beside it). */
export default defineConfig([
  {
    ...common,
    input: { main: 'src/cli/main.ts' },
    output: { dir: 'dist/chunks', format: 'esm', cleanDir: true, minify: 'dce-only' },
  },
  {
    ...common,
    input: 'src/cli/main.ts',
    output: {
      file: 'dist/flix.mjs',
      format: 'esm',
      codeSplitting: false,
      banner: '#!/usr/bin/env node',
      minify: 'dce-only',
    },
  },
]);
