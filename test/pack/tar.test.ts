import fs from 'node:fs';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { packTree } from '../../src/pack/pack.ts';
import { listener, scratch } from '../io/scratch.ts';
import { snapshot } from '../lab/snapshot.ts';
import { leastOptions, sampleTree } from './sample.ts';

const at = scratch();
const LABEL = 'system_u:object_r:usr_t:s0';

async function archive(tree: string, output: string, label?: string) {
  const options = { ...leastOptions(listener()), format: 'tar', name: 'demo', output, epoch: 1234 } as const;
  await packTree(tree, label === undefined ? options : { ...options, labels: () => label });
}

it('writes archives from which tar restores unusual names, long names and both kinds of links', async () => {
  const tree = sampleTree(at('tree'));
  const long = `usr/share/${'long/'.repeat(30)}`;
  fs.mkdirSync(`${tree}/${long}`, { recursive: true });
  fs.writeFileSync(`${tree}/${long}${'ä'.repeat(100)}`, 'x');
  fs.symlinkSync('y'.repeat(200), `${tree}/${long}link`);
  await archive(tree, at('demo.tar'));
  fs.mkdirSync(at('back'));
  await execa('tar', ['-x', '-p', '-f', at('demo.tar'), '-C', at('back')]);
  expect(snapshot(at('back'))).toEqual(snapshot(tree));
  expect(fs.statSync(at('back/usr/bin/hard')).ino).toBe(fs.statSync(at('back/usr/bin/demo')).ino);
  expect(fs.statSync(at('back/usr/bin/demo')).mtimeMs).toBe(1234_000);
  const { stdout } = await execa('tar', ['-t', '-v', '--numeric-owner', '-f', at('demo.tar')]);
  expect(stdout.split('\n').filter(line => !/^\S+ 0\/0 /.test(line))).toEqual([]);
});

it('writes the same bytes for the same tree, whatever its times and order', async () => {
  await archive(sampleTree(at('one')), at('1.tar'));
  await archive(sampleTree(at('two'), { reverse: true, umask: 0o077, time: 1e8 }), at('2.tar'));
  expect(fs.readFileSync(at('1.tar')).equals(fs.readFileSync(at('2.tar')))).toBe(true);
});

it('stores labels as other archivers read them', async () => {
  await archive(sampleTree(at('tree')), at('demo.tar'), LABEL);
  const { stdout } = await execa('tar', [
    '-t',
    '-vv',
    '--xattrs',
    '--xattrs-include=*',
    '-f',
    at('demo.tar'),
  ]);
  const entries = stdout.split('\n').filter(line => /^[-dlh][-rwxsSt]{9}/.test(line));
  expect(stdout.match(/x: +\d+ security\.selinux/g)).toHaveLength(entries.length);
  expect(fs.readFileSync(at('demo.tar'), 'latin1')).toContain(`SCHILY.xattr.security.selinux=${LABEL}\n`);
});
