'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

/**
 * The code cache of V8 for dist/flix.mjs, which saves parsing and compiling at each start. `npm run build` makes one for the
 * Node that runs it; nothing is written when flix runs. Any other Node, and a bundle that was changed since, runs from
 * dist/chunks/ instead, without a message.
 *
 * Not `module.enableCompileCache`: Node 18 and 20 lack it, and it writes to a directory when the program runs.
 */

const DIST = join(__dirname, '../dist');
const BUNDLE = join(DIST, 'flix.mjs');
/** V8 itself checks its exact version, its flags and the length of the source. */
const CACHE = join(DIST, 'code-cache', `v8-${process.versions.v8}-${process.arch}`);

/** scripts/build.mjs puts these around the bundle, which is a function inside the module. */
const START = '(function(require){';
const END = '})(require);';

/**
 * A cache consists of its size as a whole in eight bytes, the bundle to which it belongs, and the data of V8. Comparing the
 * bundle takes a tenth of the time of a digest and of loading node:crypto. Nothing but the size of the data is checked: V8
 * does not verify it since version 10, and only a fault of the disk changes it, which may as well change the bundle.
 */
const HEADER = 8;

/** Returns a function that runs the bundle, compiled before; `undefined`: there is no cache that fits. */
function openBundle() {
  // V8 would reject the cache because of other flags, after it has compiled the whole bundle
  if (process.execArgv.length > 0 || process.env.NODE_OPTIONS) return undefined;
  try {
    const cache = readFileSync(CACHE);
    const bundle = readFileSync(BUNDLE);
    if (cache.readDoubleLE(0) !== cache.length || !belongsTo(cache, bundle)) return undefined;
    const script = scriptOf(bundle, cache.subarray(dataStart(bundle)));
    return script.cachedDataRejected ? undefined : script.runInThisContext();
  } catch {
    return undefined;
  }
}

/** Compiles the function that is the bundle. */
function scriptOf(bundle, cachedData) {
  const start = bundle.indexOf(START);
  const lines = bundle.latin1Slice(0, start).split('\n').length - 1;
  // it is ASCII
  const source = bundle.latin1Slice(start, bundle.lastIndexOf(END) + 2);
  return new Script(source, { filename: BUNDLE, lineOffset: lines, cachedData });
}

function cacheOf(bundle, data) {
  const cache = Buffer.alloc(dataStart(bundle) + data.length);
  cache.writeDoubleLE(cache.length);
  bundle.copy(cache, HEADER);
  data.copy(cache, dataStart(bundle));
  return cache;
}

function belongsTo(cache, bundle) {
  return bundle.equals(cache.subarray(HEADER, HEADER + bundle.length));
}

/** V8 copies data that does not begin at a multiple of eight. */
function dataStart(bundle) {
  return HEADER + 8 * Math.ceil(bundle.length / 8);
}

module.exports = { openBundle, scriptOf, cacheOf, belongsTo, START, END, CACHE, BUNDLE };
