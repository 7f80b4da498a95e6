import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';

/**
 * Two shapes of one program: dist/chunks/ for bin/flix.js, and dist/flix.mjs, one file for recipes with nothing
 * beside it. Both evaluate a command and its libraries when the command is called.
 */

/**
 * Two libraries load a module of node's at their start and use it in cases that flix never has: commander for
 * subcommands that are programs of their own, elfy for sections. Fifty more modules would come with them at every start.
 */
const hardlyUsed = { commander: 'node:child_process', elfy: 'assert' };
const lazyModules = {
  name: 'lazy-modules',
  setup({ onResolve, onLoad }) {
    for (const [library, module] of Object.entries(hardlyUsed))
      onResolve({ filter: new RegExp(`^${module}$`) }, ({ importer, path }) =>
        importer.includes(`/${library}/`) ? { path, namespace: 'lazy' } : undefined,
      );
    onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require(${JSON.stringify(path)})[name] });`,
    }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  target: 'node18',
  logLevel: 'warning',
  plugins: [lazyModules],
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
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    chunkNames: '[name]-[hash]',
    write: false,
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
mkdirSync('dist/chunks', { recursive: true });
for (const { path, text } of chunks.outputFiles)
  // esbuild asks for a `require` in one of them, and making one takes a millisecond at every start
  writeFileSync(path, text.includes('typeof require') ? `${requireShim}\n${text}` : text);
// Afterwards, so that a flix which runs meanwhile finds its chunks.
const written = new Set(chunks.outputFiles.map(({ path }) => basename(path)));
for (const name of readdirSync('dist/chunks')) if (!written.has(name)) rmSync(`dist/chunks/${name}`);
if (chunks.warnings.length + file.warnings.length > 0) process.exitCode = 1;
