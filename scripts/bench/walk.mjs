import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;

/**
 * Reads, in plain Node, the least that a tool which lists closures has to read: the magic of every file, and the program
 * headers and the dynamic table of each 64-bit little-endian ELF file. Resolves nothing.
 *
 * @param {string} directory
 * @param {(path: string, needed: number) => void} onDynamic called for each file that has a dynamic table
 */
export function walk(directory, onDynamic) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) walk(path, onDynamic);
    else if (entry.isFile()) {
      const needed = neededCount(path);
      if (needed !== undefined) onDynamic(path, needed);
    }
  }
}

function neededCount(path) {
  const fd = openSync(path, 'r');
  try {
    const header = read(fd, 0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header.readUInt16BE(4) !== 0x0201)
      return undefined;
    const count = header.readUInt16LE(56);
    const programs = read(fd, Number(header.readBigUInt64LE(32)), count * 56);
    for (let at = 0; at + 56 <= programs.length; at += 56)
      if (programs.readUInt32LE(at) === PT_DYNAMIC) {
        const offset = Number(programs.readBigUInt64LE(at + 8));
        return countNeeded(read(fd, offset, Number(programs.readBigUInt64LE(at + 32))));
      }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function countNeeded(table) {
  let needed = 0;
  for (let at = 0; at + 16 <= table.length; at += 16) if (table.readBigUInt64LE(at) === DT_NEEDED) needed++;
  return needed;
}

function read(fd, offset, length) {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  let files = 0;
  let edges = 0;
  walk(process.argv[2], (_path, needed) => {
    files++;
    edges += needed;
  });
  process.stdout.write(`${files} files, ${edges} needed entries\n`);
}
