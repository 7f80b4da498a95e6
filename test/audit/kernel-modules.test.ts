import { afterAll, describe, expect, it } from 'vitest';
import { diffHosts } from '../../src/audit/host-diff.ts';
import { directoryView } from '../../src/view/directory.ts';
import { auditOf, brief, briefOf, extension, type Files, host, removeRoots, root } from './world.ts';

afterAll(removeRoots);

const MODULES = '/usr/lib/modules';
const text = (content = '') => ({ text: content });
const kernel = (release: string): Files => ({
  [`${MODULES}/${release}/kernel/a.ko`]: text(),
  [`${MODULES}/${release}/modules.dep`]: text('kernel/a.ko:\n'),
  [`${MODULES}/${release}/modules.dep.bin`]: text('the index'),
});
const [one, two] = [kernel('6.12.41'), kernel('6.12.48')];
const bound = 'ID=debian\nVERSION_ID=13\n';
const zfs = `${MODULES}/6.12.41/extra/zfs.ko`;
const findingsOf = (files: Files, over?: Files, release = bound) =>
  auditOf({
    extensions: { app: extension('app', files, release) },
    hosts: over ? { debian: host(undefined, over) } : {},
  }).findings;
const kind = 'missing/kernel-module';
const found = (files: Files, over?: Files) => briefOf(findingsOf(files, over), kind);

describe('missing/kernel-module', () => {
  it('reports modules of a kernel that the host does not have, once for each kernel', () => {
    const files = { [zfs]: text(), [`${MODULES}/6.12.41/extra/spl.ko.zst`]: text() };
    const [finding] = findingsOf(files, two);
    expect(finding).toMatchObject({ severity: 'error', kind, culprit: '6.12.41', alsoIn: [zfs] });
    expect(finding!.message).toContain('the host has 6.12.48');
    expect(found({ ...files, ...one }, { ...two, [`${MODULES}/6.12.41/kernel`]: text() })).toHaveLength(1);
  });

  it('reports a module that modules.dep does not list', () => {
    expect(found({ [zfs]: text() }, one)).toEqual([`warning ${kind} ${MODULES}/6.12.41/modules.dep`]);
    // modprobe reads the binary index only
    const listed = { [`${MODULES}/6.12.41/modules.dep`]: text('extra/zfs.ko: extra/spl.ko\n') };
    expect(found({ [zfs]: text(), ...listed }, one)).toHaveLength(1);
    expect(found({ [zfs]: text(), ...listed, [`${MODULES}/6.12.41/modules.dep.bin`]: text() }, one)).toEqual(
      [],
    );
  });

  it('accepts a module that a unit loads by its path', () => {
    const unit = (line: string) => ({ '/usr/lib/systemd/system/zfs.service': text(`[Service]\n${line}\n`) });
    const kinds = (line: string) =>
      brief(findingsOf({ [zfs]: text(), ...unit(line) }, one)).filter(finding => finding.includes(kind));
    expect(kinds('ExecStart=/usr/sbin/insmod /lib/modules/%v/extra/zfs.ko')).toHaveLength(0);
    expect(kinds('ExecStart=/usr/sbin/modprobe zfs')).toHaveLength(1);
  });

  it('accepts a module that replaces one of the host', () => {
    expect(found({ [`${MODULES}/6.12.41/kernel/a.ko`]: text('new') }, { ...one, ...two })).toEqual([]);
  });

  it('reports a module that was built for another kernel than its directory says', () => {
    const built = (release: string) => ({
      [zfs]: text(`ELF\0license=GPL\0vermagic=${release} SMP mod_unload \0`),
    });
    expect(found(built('6.12.48'), one)).toEqual([`error ${kind} ${zfs}`]);
    expect(found(built('6.12.48'))).toEqual([`error ${kind} ${zfs}`]);
    expect(found(built('6.12.41'))).toEqual([]);
  });

  it('says that a root without a kernel answers nothing', () => {
    expect(found({ [zfs]: text() }, {})).toEqual([`info ${kind} 6.12.41`]);
  });

  it('never advises ID=_any for modules, and doubts it', () => {
    expect(brief(findingsOf({ [zfs]: text() }, one), true)).toEqual([
      `warning ${kind} ${MODULES}/6.12.41/modules.dep`,
    ]);
    expect(brief(findingsOf({ [zfs]: text() }, one, 'ID=_any\n'), true)).toContain(
      'info metadata/over-claim kernel modules',
    );
  });
});

describe('diffHosts', () => {
  it('names the kernels that come and go', () => {
    const view = (label: string, files: Files) => directoryView(root(label, host(undefined, files)));
    expect(diffHosts(view('before', one), view('after', two)).kernels).toEqual([
      { release: '6.12.41', change: 'gone' },
      { release: '6.12.48', change: 'new' },
    ]);
  });
});
