import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

/**
 * Two shapes of one program: dist/chunks/ for bin/flix.js, and dist/flix.mjs, one file for recipes with nothing
 * beside it. Both evaluate a command and its libraries when the command is called.
 */

/**
 * commander wants node:child_process at its start, for subcommands that are programs of their own, which flix has
 * none of: forty of node's modules would be loaded for nothing.
 */
const lazyChildProcess = {
  name: 'lazy-child-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer, path }) =>
      importer.includes('/commander/') ? { path, namespace: 'lazy' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
      contents: `module.exports = { spawn: (...args) => require(${JSON.stringify(path)}).spawn(...args) };`,
    }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  target: 'node18',
  logLevel: 'warning',
  plugins: [lazyChildProcess],
};
/** CommonJS libraries want a `require`, which a module has to make. */
const requireShim =
  "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";

const [chunks, file] = await Promise.all([
  build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    format: 'esm',
    splitting: true,
    outdir: 'dist/chunks',
    chunkNames: '[name]-[hash]',
    metafile: true,
    banner: { js: requireShim },
  }),
  // CommonJS inside of a module: node's own modules are then loaded when they are first used. As a plain module all
  // of them would be at start, which takes a quarter of an empty node's start-up.
  build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    format: 'cjs',
    outfile: 'dist/flix.mjs',
    // All of it is scanned at start. Names and lines stay, so that a stack trace still says where.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    banner: { js: `#!/usr/bin/env node\n${requireShim}` },
  }),
]).catch(() => process.exit(1)); // esbuild has said why
chmodSync('dist/flix.mjs', 0o755);
// Afterwards, so that a flix which runs meanwhile finds its chunks.
for (const name of readdirSync('dist/chunks'))
  if (!(`dist/chunks/${name}` in chunks.metafile.outputs)) rmSync(`dist/chunks/${name}`);
if (chunks.warnings.length + file.warnings.length > 0) process.exitCode = 1;
