'use strict';
const { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const v8 = require('node:v8');
const { run, cacheOf, cachePath } = require('../bin/chunks.js');

/**
 * Writes the code cache for dist/flix.mjs and this Node. It contains the functions that have run: all that starts flix, and
 * what a few commands call on this machine.
 */
const bundle = path.join(__dirname, '../dist/flix.mjs');
const cache = cachePath(bundle);
const directory = mkdtempSync(path.join(os.tmpdir(), 'flix-build-'));
const tree = path.join(directory, 'sh');
const compiled = new Map();
const commands = [
  ['tree', '--root', '/', '/bin/sh'],
  ['vendor', '/', '/bin/sh', '--no-run', '--quiet', '--out', tree],
  ['tree', '--root', tree, '--all'],
  ['audit', tree, '--quiet'],
];

// V8 refuses a cache that was made under other flags, and `vendor` sets some after its chunks are loaded
v8.setFlagsFromString = () => {};
process.on('beforeExit', () => {
  const command = commands.shift();
  if (!command) return;
  process.argv.splice(2, Infinity, ...command);
  run(bundle, compiled);
});
process.on('exit', () => {
  process.exitCode = 0; // whatever this machine lacks
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(path.dirname(cache), { recursive: true });
  writeFileSync(`${cache}.new`, cacheOf(compiled));
  renameSync(`${cache}.new`, cache);
});
