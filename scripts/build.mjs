import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build, transform } from 'esbuild';
import { COMMENT_END, TABLE_ROOM } from '../bin/chunks.js';

/**
 * Builds dist/flix.mjs, the whole program in one file to copy anywhere, and V8's code cache of it. esbuild splits the program
 * into chunks, one for each command and one for each set of modules that the same commands share. The file holds them in a
 * comment, which costs Node a twentieth of parsing them, and bin/chunks.js compiles those that the command needs.
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

const { outputFiles, warnings } = await build({
  bundle: true,
  define: { CODE_DIGEST: JSON.stringify(DIGEST) },
  platform: 'node',
  target: 'node18',
  logLevel: 'warning',
  plugins: [lazyModules, smallCycloneDx],
  entryPoints: ['src/cli/main.ts'],
  format: 'esm',
  splitting: true,
  outdir: 'dist',
  minifySyntax: true,
  chunkNames: '[name]-[hash]',
  write: false,
}).catch(() => process.exit(1)); // esbuild has printed the error

/**
 * Modules of Node that take a few milliseconds to load and are imported by more commands than use them. They are loaded at
 * the first access to their default import, or the first call of one of these functions.
 */
const LAZY_OBJECT = /^import (\w+) from "(node:(?:fs\/promises|os))";$/gm;
const LAZY_FUNCTION = /^import \{ (spawn|spawnSync) \} from "(node:child_process)";$/gm;

/**
 * Turns a chunk from an ES module into an expression: a function that takes `require` and returns what the module exports.
 * As long as esbuild does not minify whitespace, each import and each export begins a line. An export is read once, so none
 * may be assigned to after its module was evaluated.
 */
async function functionOf(chunk) {
  const body = chunk
    .replace(
      LAZY_OBJECT,
      (_, name, from) => `const ${name} = new Proxy({}, { get: (_, key) => require("${from}")[key] });`,
    )
    .replace(
      LAZY_FUNCTION,
      (_, name, from) => `const ${name} = (...args) => require("${from}").${name}(...args);`,
    )
    .replace(/^import "(.+)";$/gm, (_, from) => `require("${from}");`)
    .replace(
      /^import (?:\* as )?([\w$]+)?(?:, )?(?:\{([^}]*)\})? ?from "(.+)";$/gm,
      (_, whole, names = '', from) =>
        (whole ? `const ${whole} = require("${from}");` : '') +
        (names ? `const {${names.replace(/ as /g, ': ')}} = require("${from}");` : ''),
    )
    .replace(
      /^export \{([^}]*)\};$/m,
      (_, names) =>
        `return {${names.replace(/([\w$]+)(?: as ([\w$]+))?/g, (_name, own, exported = own) => `${exported}: ${own}`)}};`,
    )
    .replace(/^export default (.*);$/m, (_, value) => `return { default: ${value} };`)
    .replace(/\bimport\(("[^"]+")\)/g, (_, from) => `Promise.resolve().then(() => require(${from}))`);
  // a script that is run with its code cache cannot import
  if (/\bimport\(/.test(body)) throw new Error('a chunk imports by a computed name');
  const { code } = await transform(`(function (require) {${body}})`, {
    target: 'node18',
    // Node reads the whole file at start. Names and lines are kept, so that stack traces stay readable.
    minifyWhitespace: true,
    lineLimit: 120,
    legalComments: 'eof',
  });
  return code;
}

const chunks = await Promise.all(
  outputFiles.map(async ({ path: file, text }) => [basename(file), await functionOf(text)]),
);
const digest = createHash('sha256').update(JSON.stringify(chunks)).digest('hex').slice(0, 16);

const HEAD = `#!/usr/bin/env node
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
const module = {};
(function (module, require) {
${readFileSync('bin/chunks.js', 'utf8')}})(module, createRequire(import.meta.url));
module.exports.run(fileURLToPath(import.meta.url));
/*
`;
let bundle = HEAD;
const table = {};
for (const [name, code] of chunks) {
  const text = code.replaceAll(DIGEST, digest).replaceAll('*/', COMMENT_END);
  table[name] = [bundle.length, text.length, bundle.split('\n').length - 1];
  bundle += text;
}
// one byte for each character, since the table counts them
if (/[^\0-\x7f]/.test(bundle)) throw new Error('the program is not ASCII');
const end = `${JSON.stringify(table)}*/\n`;
if (end.length >= TABLE_ROOM) throw new Error('the table of chunks is longer than bin/chunks.js expects');
mkdirSync('dist', { recursive: true });
writeFileSync('dist/flix.mjs.new', bundle + end);
chmodSync('dist/flix.mjs.new', 0o755);
renameSync('dist/flix.mjs.new', 'dist/flix.mjs');
// A start without it is slower, and no different.
const made = spawnSync(process.execPath, ['scripts/make-code-cache.cjs'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { PATH: process.env.PATH },
});
if (made.status !== 0 || warnings.length > 0) process.exitCode = 1;
