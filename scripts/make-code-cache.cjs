'use strict';
const { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { belongsTo, BUNDLE, CACHE, cacheOf, scriptOf } = require('../bin/code-cache.js');

/**
 * Writes the code cache for bin/flix.js and this Node. It contains the functions that have run: all that starts flix, and what
 * `flix tree` calls.
 */
const bundle = readFileSync(BUNDLE);
const script = scriptOf(bundle);

process.argv.splice(2, Infinity, 'tree', '--root', '/', process.execPath);
process.on('exit', () => {
  process.exitCode = 0; // whatever this machine lacks
  const directory = dirname(CACHE);
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${CACHE}.new`, cacheOf(bundle, script.createCachedData()));
  renameSync(`${CACHE}.new`, CACHE);
  // those of other releases of Node stay as long as they belong to the same bundle
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    if (!belongsTo(readFileSync(file), bundle)) rmSync(file);
  }
});
script.runInThisContext()(require);
