import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix, program } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();
const able = has('root', 'mountNamespace', 'archive', 'tool:bwrap', 'tool:strace');

describe.runIf(able)('a script with modules of other packages', () => {
  it.each<[string, string, string[], string]>([
    ['Ruby', '/usr/bin/ronn', ['--roff', '--pipe', 'a.ronn'], '.SH "NAME"'],
    ['JavaScript', '/usr/bin/terser', ['--compress', '--', 'a.js'], 'console.log(3)'],
    ['Lua', '/usr/bin/prosody', [], 'unable to find the configuration file'],
  ])('in %s works over another release, named alone', async (interpreter, entry, options, says) => {
    const tree = at('tree');
    const staging = await labRoot('scripts-bookworm');
    await flix('vendor', staging, entry, '--needs', 'recommended', '--out', tree);
    const data = path.join(tree, 'usr/share/data');
    fs.mkdirSync(data);
    fs.writeFileSync(path.join(data, 'a.ronn'), '# a(1) -- b\n\n## WORDS\n\ntext\n');
    fs.writeFileSync(path.join(data, 'a.js'), 'console.log(1 + 2)');
    const command = [entry, ...options.map(option => option.replace(/^a\./, '/usr/share/data/a.'))];
    const roots = ['--host', await labRoot('host-trixie'), '--staging', staging];
    const { all } = await execa(process.execPath, [program, 'try', tree, ...roots, '--', ...command], {
      reject: false,
      all: true,
    });
    expect(all).toContain(says);
    // Node.js looks for directories of modules before it looks for a module in them
    const searched = ['/usr/lib/x86_64-linux-gnu/nodejs', '/usr/share/node_modules'];
    const missing = [...all.matchAll(/^ {2}missing {2}(\S+):/gm)].map(([, name]) => name);
    expect(missing).toEqual(interpreter === 'JavaScript' ? searched : []);
  });
});
