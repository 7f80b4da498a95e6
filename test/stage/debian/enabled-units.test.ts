import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ContentStore } from '../../../src/stage/content-store.ts';
import { replaceScripts } from '../../../src/stage/debian/replace-scripts.ts';
import { Staging } from '../../../src/stage/staging.ts';
import type { Node } from '../../../src/stage/staged-tree.ts';
import { scratch } from '../../io/scratch.ts';
import { has } from '../../lab/requires.ts';
import { labRoot } from '../../lab/roots.ts';

const at = scratch();

/** What the script of systemd itself enables with systemctl(1), which an extension does not bring. */
const OF_SYSTEMD = [
  'getty.target.wants/getty@tty1.service',
  'multi-user.target.wants/remote-fs.target',
  'sysinit.target.wants/systemd-pstore.service',
];

it.runIf(has('root', 'archive'))(
  'a staged root enables the units that dpkg enabled in a root of the same packages',
  async () => {
    const root = await labRoot('services-trixie');
    fs.mkdirSync(at('contents'));
    const staging = new Staging(new ContentStore(at('contents')));
    const units = '/usr/lib/systemd/system';
    for (const entry of fs.readdirSync(root + units, { withFileTypes: true }))
      if (entry.isFile())
        staging.addFile(`${units}/${entry.name}`, fs.readFileSync(path.join(root, units, entry.name)), {});
    const database = `${root}/var/lib/dpkg/info`;
    const scripts = fs.readdirSync(database).filter(name => name.endsWith('.postinst'));
    replaceScripts(
      staging,
      scripts.map(name => ({
        name,
        version: '1',
        architecture: 'amd64',
        isMultiArchSame: false,
        control: '',
        info: new Map([['postinst', fs.readFileSync(path.join(database, name))]]),
        paths: [],
        sha256: '',
      })),
    );
    const enabled = '/etc/systemd/system';
    const links = fs
      .readdirSync(root + enabled, { recursive: true, encoding: 'utf8' })
      .filter(name => fs.lstatSync(path.join(root, enabled, name)).isSymbolicLink());
    expect(links.length).toBeGreaterThan(OF_SYSTEMD.length + 10);
    expect([...linksBelow(staging.tree.find(enabled)!), ...OF_SYSTEMD].sort()).toEqual(links.sort());
  },
);

function linksBelow(node: Node): string[] {
  if (node.kind !== 'directory') return [];
  return [...node.entries].flatMap(([name, entry]) =>
    entry.kind === 'link' ? [name] : linksBelow(entry).map(below => `${name}/${below}`),
  );
}
