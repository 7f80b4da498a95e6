import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { alternate, line } from './alternate.mjs';

/**
 * Compares vendoring ffmpeg, which loads more than 200 libraries, with the least that has to be done and with the first
 * generation of scripts.
 *
 * @param {string} node
 * @param {string} root a whole root that holds ffmpeg
 */
export function benchVendor(node, root) {
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  const at = name => path.join(directory, name);
  const fresh = name => () => rmSync(at(name), { recursive: true, force: true });
  const program = '/usr/bin/ffmpeg';
  const vendor = {
    name: 'flix vendor ffmpeg',
    command: [
      node,
      'bin/flix.js',
      'vendor',
      root,
      '--quiet',
      '--name',
      'ffmpeg',
      '--out',
      at('flix'),
      program,
    ],
    prepare: fresh('flix'),
  };
  const least = {
    name: 'cp and sha256sum',
    command: ['scripts/bench/copy-and-digest', at('flix'), at('copied')],
    prepare: fresh('copied'),
  };
  const first = {
    name: 'patchelf once a file',
    command: ['scripts/bench/first-generation', root, at('first'), program],
    prepare: fresh('first'),
  };
  try {
    console.log(line(alternate(vendor, least, { rounds: 7, clock: 'processor' })));
    console.log(line(alternate(first, vendor, { rounds: 1 })));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
