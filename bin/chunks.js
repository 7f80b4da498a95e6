'use strict';
const { fstatSync, openSync, readSync } = require('node:fs');
const path = require('node:path');
const { Script } = require('node:vm');

/**
 * Runs dist/flix.mjs, which contains the program as chunks in a comment. scripts/build.mjs writes it and puts a copy of this
 * file at its top. A chunk is compiled when it is first required, from V8's code cache if there is one for it.
 *
 * `npm run build` makes a code cache for the Node that runs it; flix itself writes nothing. `module.enableCompileCache` does
 * not serve: it caches only whole files, Node 18 and 20 lack it, and it writes to a directory when the program runs.
 */

/** Replaces, in the bundle, the two characters that would end the comment. */
const COMMENT_END = '*\x7f/';

const ENTRY = 'main.js';

/** V8 itself checks its exact version, its flags and the length of the source. */
function cachePath(bundle) {
  const name = `v8-${process.versions.v8}-${process.arch}`;
  return path.join(path.dirname(bundle), 'code-cache', name);
}

/** The bundle ends with a table of its chunks, which is shorter than this number of bytes. */
const TABLE_ROOM = 32 * 1024;

/** Returns the size of a file, and a function that reads a range of it. The file stays open. */
function openRanges(file) {
  const fd = openSync(file);
  const read = (start, length) => {
    // memory of its own: V8 keeps the data of a cache, and copies it if it does not begin at a multiple of eight
    const bytes = Buffer.allocUnsafeSlow(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, start));
  };
  return { size: fstatSync(fd).size, read };
}

/**
 * Returns a function that reads the bytes of a chunk and counts the lines above it. The bundle stays open, so that a running
 * flix finds its own chunks even if another version replaces the file. Throws an error with
 * the code `FLIX_OTHER_LAYOUT` if another version of scripts/build.mjs wrote the file.
 */
function openBundle(file) {
  const { size, read } = openRanges(file);
  const table = tableIn(read(Math.max(0, size - TABLE_ROOM), TABLE_ROOM));
  if (!table?.[ENTRY])
    throw Object.assign(new Error(`${file} has no table of chunks`), { code: 'FLIX_OTHER_LAYOUT' });
  return name => {
    const [start, length, lines] = table[name];
    return { bytes: read(start, length), lines };
  };
}

function tableIn(tail) {
  try {
    return JSON.parse(tail.latin1Slice(tail.lastIndexOf('\n{'), tail.lastIndexOf('*/')));
  } catch {
    return undefined;
  }
}

/**
 * A code cache consists of its size and the place of its table, eight bytes each; of the bytes of each chunk and V8's data for
 * it; and of the table. Comparing a chunk takes a tenth of the time of a digest and of loading node:crypto. Nothing but the
 * size of the data is checked: V8 has not verified it since version 10, and only a fault of the disk changes it, which could
 * change the bundle just as well.
 */
const HEADER = 16;

/** Returns a function that reads V8's data for a chunk; it returns `undefined` if the cache has none for these bytes. */
function openCache(file) {
  try {
    const { size, read } = openRanges(file);
    const header = read(0, HEADER);
    if (header.readDoubleLE(0) !== size) return () => undefined;
    const start = header.readDoubleLE(8);
    const table = JSON.parse(read(start, size - start).latin1Slice());
    return (name, bytes) => {
      const [chunk, data, end] = table[name] ?? [];
      if (chunk === undefined || !bytes.equals(read(chunk, bytes.length))) return undefined;
      return read(data, end - data);
    };
  } catch {
    return () => undefined;
  }
}

/**
 * Returns the bytes of a code cache.
 *
 * @param {Iterable<[name: string, { bytes: Buffer, script: Script }]>} compiled chunks that have run
 */
function cacheOf(compiled) {
  const header = Buffer.alloc(HEADER);
  const blobs = [header];
  const table = {};
  let size = HEADER;
  const add = bytes => {
    blobs.push(bytes);
    size += bytes.length;
  };
  for (const [name, { bytes, script }] of compiled) {
    const start = size;
    add(bytes);
    const data = size;
    add(script.createCachedData());
    table[name] = [start, data, size];
  }
  header.writeDoubleLE(size, 8);
  add(Buffer.from(JSON.stringify(table)));
  header.writeDoubleLE(size, 0);
  return Buffer.concat(blobs);
}

/**
 * Runs the program. Throws what `openBundle` throws.
 *
 * @param {string} bundle its path
 * @param {Map<string, { bytes: Buffer, script: Script }>} [compiled] compiled chunks, by name; those that the command needs
 *   are added
 */
function run(bundle, compiled = new Map()) {
  const chunk = openBundle(bundle);
  const cached = openCache(cachePath(bundle));
  const exported = new Map();
  const compile = name => {
    const { bytes, lines } = chunk(name);
    const source = bytes.latin1Slice().replaceAll(COMMENT_END, '*/');
    const cachedData = cached(name, bytes);
    const script = new Script(source, { filename: bundle, lineOffset: lines, cachedData });
    compiled.set(name, { bytes, script });
    return script;
  };
  const load = name => {
    const script = compiled.get(name)?.script ?? compile(name);
    const exports = script.runInThisContext()(requireChunk);
    exported.set(name, exports);
    return exports;
  };
  const requireChunk = name =>
    name.startsWith('./') ? (exported.get(name.slice(2)) ?? load(name.slice(2))) : require(name);
  load(ENTRY);
}

module.exports = { run, cacheOf, cachePath, COMMENT_END, TABLE_ROOM };
