import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { directoryView } from '../../src/view/directory.ts';
import { decodeProfile, encodeProfile } from '../../src/view/profile/profile.ts';
import { profileView } from '../../src/view/profile/profile-view.ts';
import { snapshot } from '../../src/view/profile/snapshot.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();
const LIB = 'usr/lib/x86_64-linux-gnu';

/** Makes an extension of programs and libraries of one release, to merge over another. Returns its directory. */
async function byHand(name: string, patterns: readonly RegExp[]): Promise<string> {
  const from = await labRoot('host-bookworm');
  const release = path.join(at(name), 'usr/lib/extension-release.d');
  fs.mkdirSync(release, { recursive: true });
  fs.writeFileSync(path.join(release, `extension-release.${name}`), 'ID=debian\n');
  for (const directory of [LIB, 'usr/bin', 'usr/sbin'])
    for (const file of fs
      .readdirSync(path.join(from, directory))
      .filter(one => patterns.some(p => p.test(one)))) {
      const target = path.join(at(name), directory, file);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.cpSync(path.join(from, directory, file), target, { verbatimSymlinks: true, recursive: true });
    }
  return at(name);
}

describe.runIf(has('archive'))('an audit against a profile of a real host', () => {
  it.each([
    ['older libraries that shadow its own', [/^lib(crypto|mount|blkid|systemd|cap|selinux|zstd|lzma)\.so/]],
    ['its libc and loader', [/^libc\.so|^libm\.so/]],
    ['programs that use its libraries', [/^(curl|ssh|gpg|awk|mawk|find|openssl|ls|grep|tar|login)$/]],
  ])('reports about %s what an audit against its root reports', async (_, patterns) => {
    const tree = await byHand('byhand', patterns);
    const trees = [{ name: 'byhand', view: directoryView(tree, { label: 'byhand' }) }];
    const views = [directoryView(await labRoot('host-trixie')), directoryView(await labRoot('apps-trixie'))];
    const found = audit(trees, views);
    expect(found.findings).not.toEqual([]);
    const profiles = views.map(view => profileView(decodeProfile(encodeProfile(snapshot(view)), view.label)));
    expect(audit(trees, profiles)).toEqual(found);
  });
});
