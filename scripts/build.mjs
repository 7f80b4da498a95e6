import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';
import { END, START } from '../bin/code-cache.js';

/**
 * Builds the program in two forms: dist/chunks/ for bin/flix.js, and the single file dist/flix.mjs to copy anywhere. Both
 * evaluate a command and its libraries only when the command is called.
 */

/**
 * Two libraries load a Node module at start and use it only in cases that flix never has: commander for subcommands that are
 * separate programs, elfy for sections. Loading them lazily saves fifty further modules at every start.
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

/** The library for CycloneDX writes XML, too, and has a description of each licence; flix uses neither. */
const smallCycloneDx = {
  name: 'small-cyclonedx',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/xml/ }, ({ importer, path }) =>
      importer.includes('/@cyclonedx/') ? { path, namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
    onLoad({ filter: /\/spdx\.SNAPSHOT\.schema\.json$/ }, ({ path }) => ({
      contents: JSON.stringify({ enum: JSON.parse(readFileSync(path, 'utf8')).enum }),
      loader: 'json',
    }));
  },
};

/** Replaced with the digest of the program once that is known. */
const DIGEST = 'the digest of the code';

const common = {
  bundle: true,
  define: { CODE_DIGEST: JSON.stringify(DIGEST) },
  platform: 'node',
  target: 'node18',
  logLevel: 'warning',
  plugins: [lazyModules, smallCycloneDx],
};
/** CommonJS libraries call `require`, which an ES module has to create. */
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
  // CommonJS inside an ES module, so that Node's own modules are loaded when first used. A plain ES module would load all
  // of them at start, which takes a quarter as long as the start of an empty Node.
  build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    format: 'cjs',
    // a script that is run with its code cache cannot import
    supported: { 'dynamic-import': false },
    outfile: 'dist/flix.mjs',
    // Node scans the whole file at start. Names and lines are kept, so that stack traces stay readable.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    banner: { js: `#!/usr/bin/env node\n${requireShim}\n${START}` },
    footer: { js: END },
    write: false,
  }),
]).catch(() => process.exit(1)); // esbuild has printed the error
const [{ text: program }] = file.outputFiles;
const digest = createHash('sha256').update(program).digest('hex').slice(0, 16);
const withDigest = text => text.replaceAll(DIGEST, digest);
mkdirSync('dist/chunks', { recursive: true });
writeFileSync('dist/flix.mjs', withDigest(program));
chmodSync('dist/flix.mjs', 0o755);
for (const { path, text } of chunks.outputFiles)
  // only one of them needs `require`, and creating it takes a millisecond at every start
  writeFileSync(path, withDigest(text.includes('typeof require') ? `${requireShim}\n${text}` : text));
// Remove old chunks last, so that a flix that is running meanwhile finds its own.
const written = new Set(chunks.outputFiles.map(({ path }) => basename(path)));
for (const name of readdirSync('dist/chunks')) if (!written.has(name)) rmSync(`dist/chunks/${name}`);
// A start without it is slower, and no different.
const made = spawnSync(process.execPath, ['scripts/make-code-cache.cjs'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { PATH: process.env.PATH },
});
if (made.status !== 0) process.exitCode = 1;
if (chunks.warnings.length + file.warnings.length > 0) process.exitCode = 1;
