'use strict';
const { mkdirSync, renameSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { run, cacheOf, cachePath } = require('../bin/chunks.js');

/**
 * Writes the code cache for dist/flix.mjs and this Node. It contains the functions that have run: all that starts flix, and
 * what `flix tree` calls.
 */
const bundle = path.join(__dirname, '../dist/flix.mjs');
const cache = cachePath(bundle);

process.argv.splice(2, Infinity, 'tree', '--root', '/', process.execPath);
process.on('exit', () => {
  process.exitCode = 0; // whatever this machine lacks
  mkdirSync(path.dirname(cache), { recursive: true });
  writeFileSync(`${cache}.new`, cacheOf(compiled));
  renameSync(`${cache}.new`, cache);
});
const compiled = run(bundle);
