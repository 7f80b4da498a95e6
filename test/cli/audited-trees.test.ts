import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { makeFileSystem } from '../image/ddi.ts';
import { fileSystemsHere } from '../image/file-systems.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { demoTree } from '../verify/tree.ts';
import { run } from './run.ts';

const at = scratch();
const RELEASE = 'usr/lib/extension-release.d/extension-release.demo';

/** A host that enforces SELinux labels. */
function makeHost(root: string): string {
  for (const [file, text] of [
    ['usr/lib/os-release', 'ID=lab\n'],
    ['etc/selinux/config', 'SELINUX=enforcing\n'],
  ] as const) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  }
  return root;
}

async function kindsOf(place: string, ...more: readonly string[]): Promise<string[]> {
  const { stdout } = await run(auditCommand(), place, ...more, '--json');
  const { findings } = JSON.parse(stdout) as AuditDocument;
  return findings.map(({ kind, subject }) => `${kind} ${subject}`);
}

describe.runIf(has('tool:setfattr')).each(fileSystemsHere())('the audit of an image: %s', type => {
  const imageWith = (set: (tree: string) => void) => {
    const tree = demoTree(at('tree'));
    set(tree);
    makeFileSystem(type, tree, at('other.raw'), { attributes: true });
    return at('other.raw');
  };

  it.each([
    ['0', []],
    ['1', ['metadata/silently-ignored /usr/lib/extension-release.d/extension-release.other']],
  ])('takes it under another name if its release file says so: %s', async (value, expected) => {
    const image = imageWith(tree =>
      execaSync('setfattr', ['-n', 'user.extension-release.strict', '-v', value, path.join(tree, RELEASE)]),
    );
    const kinds = await kindsOf(image);
    expect(kinds.filter(kind => kind.startsWith('metadata/'))).toEqual(expected);
  });

  it.runIf(has('trustedAttributes')).each([
    [RELEASE, 'user.extension-release.strict', '1', ['labels/unlabelled']],
    ['usr/bin/demo', 'security.selinux', 'system_u:object_r:bin_t:s0', []],
  ])('sees whether it bears labels: of %s, %s', async (file, name, value, expected) => {
    const image = imageWith(tree => execaSync('setfattr', ['-n', name, '-v', value, path.join(tree, file)]));
    const host = makeHost(at('host'));
    const kinds = await kindsOf(image, '--host', host);
    expect(kinds.flatMap(kind => /^labels\/\S+/.exec(kind) ?? [])).toEqual(expected);
  });

  it.runIf(has('trustedAttributes', 'tool:setcap'))('reads capabilities and opaque directories', async () => {
    const image = imageWith(tree => {
      execaSync('setcap', ['cap_net_raw=ep', path.join(tree, 'usr/bin/demo')]);
      execaSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', path.join(tree, 'usr/share')]);
    });
    expect(await kindsOf(image)).toEqual(
      expect.arrayContaining(['layout/capability /usr/bin/demo', 'layout/opaque-directory /usr/share']),
    );
  });
});

describe('the names of versioned extensions', () => {
  const data = (name: string, place: string) => {
    const directory = at(place);
    fs.mkdirSync(path.join(directory, 'usr/lib/extension-release.d'), { recursive: true });
    fs.writeFileSync(
      path.join(directory, `usr/lib/extension-release.d/extension-release.${name}`),
      'ID=_any\n',
    );
    return directory;
  };
  const audited = async (place: string, ...more: readonly string[]) => {
    const { stdout } = await run(auditCommand(), place, ...more, '--json');
    const { extensions, findings } = JSON.parse(stdout) as AuditDocument;
    return [extensions[0]!.name, ...findings.map(({ severity, kind }) => `${severity} ${kind}`)];
  };

  it('picks the newest entry of a directory of versions, under the name of that directory', async () => {
    data('tool', 'tool.v/tool_1.0');
    const newest = data('tool', 'tool.v/tool_2.0');
    fs.writeFileSync(path.join(newest, 'usr/lib/extension-release.d/extension-release.tool'), 'ID=\n');
    expect(await audited(at('tool.v'))).toEqual(['tool', 'error metadata/silently-ignored']);
    expect(await audited(at('tool.v/tool_1.0'))).toEqual(['tool']);
    data('tool', 'tool.v/other_3');
    expect(await audited(at('tool.v/other_3'))).toEqual(['tool', 'error metadata/silently-ignored']);
  });

  it('says which names the entries of an empty directory of versions need', async () => {
    fs.mkdirSync(at('app.raw.v'));
    const { stderr, status } = await run(auditCommand(), at('app.raw.v'));
    expect(stderr).toContain('contains no version of app');
    expect(status).toBe(2);
  });

  it('takes a tree for one, even if its own name or that of the directory around it ends in .v', async () => {
    expect(await audited(data('tree.v', 'tree.v'))).toEqual(['tree.v']);
    expect(await audited(data('app', 'build.v/app'))).toEqual(['app']);
  });

  it.runIf(fileSystemsHere().includes('squashfs')).each([
    ['app.raw.v/app_1.3_x86-64.raw', ['app']],
    ['app-1.3-x86-64.raw', ['app', 'info metadata/silently-ignored']],
    ['app-v1.29.8-x86-64.raw', ['app', 'info metadata/silently-ignored']],
    ['app-1.3.raw', ['app-1.3', 'error metadata/silently-ignored']],
  ])('recognises the image %s', async (file, expected) => {
    fs.mkdirSync(path.dirname(at(file)), { recursive: true });
    makeFileSystem('squashfs', data('app', 'app'), at(file));
    expect(await audited(at(file))).toEqual(expected);
  });
});

describe('audit --each', () => {
  it('tells two trees of one name apart by their places', async () => {
    const places = [at('old/demo'), at('new/demo')] as const;
    for (const place of places) {
      fs.mkdirSync(path.dirname(place));
      demoTree(place);
    }
    fs.mkdirSync(path.join(places[1], 'usr/share'), { recursive: true });
    fs.writeFileSync(path.join(places[1], 'usr/share/open'), '');
    fs.chmodSync(path.join(places[1], 'usr/share/open'), 0o666);
    const together = await run(auditCommand(), ...places);
    expect([together.status, together.stderr]).toEqual([2, expect.stringContaining('with --each')]);
    const { stdout } = await run(auditCommand(), '--each', ...places, '--json');
    const { extensions, findings } = JSON.parse(stdout) as AuditDocument;
    expect(extensions.map(({ name }) => name)).toEqual(places.map(place => `demo (${place})`));
    const open = findings.filter(({ kind }) => kind === 'layout/world-writable');
    expect(open.map(({ extension }) => extension)).toEqual([`demo (${places[1]})`]);
  });
});
