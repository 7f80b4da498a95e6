import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { directoryView } from '../../src/view/directory.ts';
import { releasePath } from '../../src/systemd/extension-release.ts';
import { extensionRules, type ExtensionType } from '../../src/systemd/extension-type.ts';
import { scratch } from '../io/scratch.ts';
import { runInOverlay } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { type Files, removeRoots, root } from './world.ts';

afterAll(removeRoots);
const at = scratch();

/** Contents of os-release files, in all allowed spellings. A configuration extension uses other keys for the same. */
const hosts = [
  'ID=debian\nVERSION_ID=13\n',
  'ID=debian\nVERSION_ID="13"\nSYSEXT_LEVEL=1\n',
  'ID=debian\nSYSEXT_LEVEL=2\n',
  'ID=debian\n',
  "# comment\nID='ubuntu'\nID_LIKE=debian\nVERSION_ID=24.04\n",
  'NAME="A B"\nID=flatcar\nID_LIKE="coreos debian"\nVERSION_ID=13\nSYSEXT_LEVEL="1.0"\n',
  'ID=arch\nID_LIKE=\nBUILD_ID=rolling\n',
];

const ids = ['', 'ID=\n', 'ID=_any\n', 'ID=debian\n', 'ID="debian"\n', 'ID=ubuntu\n', 'ID=coreos\n'];
const versions = ['', 'VERSION_ID=13\n', "VERSION_ID='13'\n", 'VERSION_ID=24.04\n', 'VERSION_ID=\n'];
const levels = ['', 'SYSEXT_LEVEL=1\n', 'SYSEXT_LEVEL=1.0\n', 'SYSEXT_LEVEL=\n'];
/** Keys that are checked before the identity, and ways to write a line. */
const others = [
  'ID=_any\nSYSEXT_SCOPE=system\n',
  'ID=_any\nSYSEXT_SCOPE=portable\n',
  'ID=_any\nSYSEXT_SCOPE="initrd  system"\n',
  'ID=_any\nSYSEXT_SCOPE=\n',
  'ID=_any\nARCHITECTURE=x86-64\n',
  'ID=_any\nARCHITECTURE=arm64\n',
  'ID=_any\nARCHITECTURE=amd64\n',
  'ID=_any\nARCHITECTURE=_any\n',
  'ID=_any\nARCHITECTURE=\n',
  'ID=debian\nVERSION_ID=13\nARCHITECTURE=arm64\n',
  'ARCHITECTURE=x86-64\n',
  '\n# only a comment\n',
  '  ID=_any\n',
  'ID=_any',
  'ID=_any  \n',
  'ID=_any # a comment\n',
  'ID = _any\n',
  'ID =_any\n',
  'ID= _any\n',
  'export ID=_any\n',
  ';ID=debian\nID=_any\n',
  'ID=debian\nID=_any\n',
  'ID=_any\nID=debian\n',
  'ID=_any\r\n',
  'id=_any\n',
  'ID=_a\\\nny\n',
  'ID=\\_any\n',
  'ID="_any\n',
  "ID='_a'ny\n",
  'ID="_a"\'ny\'\n',
  'ID="_a\\ny"\n',
  'ID=_any\nNAME="several\nlines"\n',
  'NAME="several\nID=debian\n"\nID=_any\n',
  'ID=debian\nVERSION_ID=13 \n',
  'no assignment\nID=_any\n',
  'ID=_any\nNAME=\\\n',
  'ID=_any\nX-Y=1\n',
  '1ID=_any\n',
];

interface Extension {
  readonly name: string;
  readonly files: Files;
}

/** The directory of marker files, which show what the merged view contains. */
const marks = { sysext: '/usr/share/marks', confext: '/etc/marks' } as const;

const inWordsOf = (type: ExtensionType, text: string) =>
  type === 'sysext'
    ? text
    : text.replace(/(SYS|CONF)EXT_/g, (_, of) => (of === 'SYS' ? 'CONFEXT_' : 'SYSEXT_'));

const released = (type: ExtensionType, name: string, text: string, of = name): Extension => ({
  name,
  files: {
    [releasePath(of, extensionRules[type].releaseDirectory)]: { text: inWordsOf(type, text) },
    [`${marks[type]}/${name}`]: { text: '' },
  },
});

const extensionsOf = (type: ExtensionType): readonly Extension[] => [
  ...ids.flatMap((id, i) =>
    versions.flatMap((version, v) =>
      levels.flatMap((level, l) =>
        // every pair of values occurs, but not every triple
        (i + v + l) % 3 === 0 ? [released(type, `i${i}${v}${l}`, id + version + level)] : [],
      ),
    ),
  ),
  ...others.map((text, index) => released(type, `o${index}`, text)),
  released(type, 'app-1.3', 'ID=_any\n', 'app-1.2'),
  released(type, 'app-1.4', 'ID=_any\n', 'app'),
  released(type, 'app', 'ID=_any\n', 'app.raw'),
  released(type, '.#temporary', 'ID=_any\n'),
  { name: 'bare', files: { [`${marks[type]}/bare`]: { text: '' } } },
  {
    name: 'etc',
    files: { ...released(type, 'etc', 'ID=_any\n').files, '/etc/os-release': { text: 'ID=debian\n' } },
  },
  // the keys of one type mean nothing to the other
  released(type, 'foreign-words', 'ID=_any\nCONFEXT_SCOPE=initrd\n'),
];

/** Few enough that the layers fit into the page in which older systemd passes them to overlayfs. */
const BATCH = 40;

const SCRIPT = `
set -eu
place=$1 command=$2 marks=$3
mkdir -p "$place"
cp /usr/lib/os-release /tmp/os-release
for batch in /shared/batch.*; do
  rm -rf "$place"/* "$place"/.??*
  cp -a "$batch"/. "$place"/
  for host in /shared/host.*; do
    cp "$host" /usr/lib/os-release
    "$command" merge >&2
    answer=/shared/answer.\${host##*.}
    [ ! -d "$marks" ] || ls -A "$marks" >>"$answer"
    "$command" unmerge >&2
  done
done
`;

/** Returns the names of the extensions that systemd merges, for each host. */
async function mergedBySystemd(systemdRoot: string, type: ExtensionType): Promise<string[][]> {
  const [shared, work] = [at('shared'), at('work')];
  for (const directory of [shared, work]) fs.mkdirSync(directory, { recursive: true });
  extensionsOf(type).forEach(({ name, files }, index) =>
    fs.cpSync(root(name, files), path.join(shared, `batch.${Math.floor(index / BATCH)}`, name), {
      recursive: true,
    }),
  );
  hosts.forEach((text, index) => fs.writeFileSync(path.join(shared, `host.${index}`), inWordsOf(type, text)));
  const { command } = extensionRules[type];
  const place = type === 'sysext' ? '/var/lib/extensions' : '/var/lib/confexts';
  const argv = ['sh', '-c', SCRIPT, 'merge', place, command, marks[type]];
  const { status, stderr } = await runInOverlay({ root: systemdRoot, work, shared }, argv);
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  return hosts.map((_, index) => {
    const file = path.join(shared, `answer.${index}`);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).sort() : [];
  });
}

/** Rules by which only older systemd ignores an extension. Their findings are warnings. */
const releases: Readonly<Record<'host-bookworm' | 'host-trixie', readonly string[]>> = {
  'host-bookworm': ['id-like'],
  'host-trixie': [],
};

/** Returns the extensions without a finding that systemd ignores them. */
function mergedByAudit(type: ExtensionType, host: string, older: readonly string[]): string[] {
  const witness = {
    '/usr/lib/os-release': { text: inWordsOf(type, host) },
    '/usr/bin/sh': { interp: '/lib64/ld-linux-x86-64.so.2' },
  };
  const view = directoryView(root('host', witness));
  const merged = extensionsOf(type).filter(({ name, files }) => {
    const { findings } = audit([{ name, view: directoryView(root(name, files), { label: name }) }], [view]);
    return !findings.some(
      finding =>
        finding.kind === 'metadata/silently-ignored' &&
        (finding.severity === 'error' || older.includes(finding.rule)),
    );
  });
  return merged.map(({ name }) => name).sort();
}

/** Adds the release file, so that a difference in the test output can be understood. */
function described(type: ExtensionType, names: readonly string[]): string[] {
  const extensions = extensionsOf(type);
  return names.map(name => `${name} ${JSON.stringify(extensions.find(one => one.name === name)?.files)}`);
}

describe.runIf(has('root', 'chroot', 'mountNamespace', 'archive'))('metadata/silently-ignored', () => {
  it.each([
    ['host-bookworm', 'sysext'],
    ['host-trixie', 'sysext'],
    ['host-trixie', 'confext'],
  ] as const)(
    'names exactly what the systemd of %s ignores, for a %s',
    { timeout: 300_000 },
    async (name, type) => {
      const real = await mergedBySystemd(await labRoot(name), type);
      hosts.forEach((host, index) => {
        const ours = described(type, mergedByAudit(type, host, releases[name]));
        expect({ host, merged: ours }).toEqual({ host, merged: described(type, real[index]!) });
      });
      expect(extensionsOf(type).length * hosts.length).toBeGreaterThan(300);
    },
  );

  it.each(Object.keys(releases) as (keyof typeof releases)[])(
    'is joined by metadata/blocks-all where the systemd of %s merges nothing',
    { timeout: 120_000 },
    async name => {
      const systemdRoot = await labRoot(name);
      const system = { '/usr/lib/os-release': { text: 'ID=debian\n' } };
      const good = released('sysext', 'good', 'ID=_any\n');
      const [shared, work] = [at('shared'), at('work')];
      fs.mkdirSync(work, { recursive: true });
      for (const [tree, files] of [
        ['good', good.files],
        ['bad', system],
      ] as const)
        fs.cpSync(root(tree, files), path.join(shared, tree), { recursive: true });
      const mergeOf = async (trees: string) => {
        const script = `mkdir -p /var/lib/extensions; cp -a ${trees} /var/lib/extensions; systemd-sysext merge >&2; ls /usr/share/marks`;
        return (await runInOverlay({ root: systemdRoot, work, shared }, ['sh', '-c', script])).stdout;
      };
      expect(await mergeOf('/shared/good')).toBe('good');
      expect(await mergeOf('/shared/good /shared/bad')).toBe('');
    },
  );
});
