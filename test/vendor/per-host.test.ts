import { describe, expect, it } from 'vitest';
import { choosePerHost, readShare, treesOf } from '../../src/vendor/per-host.ts';
import type { VendorRequest } from '../../src/vendor/request.ts';
import type { View } from '../../src/view/view.ts';
import { scratch } from '../io/scratch.ts';
import { lib, libc, roots } from '../plan/host-bound/world.ts';
import { program, requestOf, rootAt } from '../plan/plan.ts';

const at = scratch();
const { staging } = roots();
let made = 0;

function host(release: string, files = {}): View {
  const text = `${release.replaceAll(' ', '\n')}\n`;
  const all = { ...libc(), '/usr/lib/os-release': { text }, ...files };
  return rootAt(at(`host-${made++}`), all, 'glibc', release);
}

/** A program that needs one library, which only some of the hosts have. */
const root = () =>
  staging({ '/usr/bin/app': program({ needed: ['libx.so.1', 'libc.so.6'] }), ...lib('libx.so.1') });

async function chosen(hosts: readonly View[], share = 10) {
  const from = root();
  const perHost = await choosePerHost(hosts, share, (some, out = '/out/app') =>
    Promise.resolve({
      plan: requestOf(from, ['/usr/bin/app']),
      mode: { mode: 'host-bound', hosts: some },
      out,
      isExcluded: () => false,
    } as unknown as VendorRequest),
  );
  const trees = treesOf(perHost).map(({ request, plan }) => [request.out, plan.bound!.host.claim]);
  return { perHost, trees };
}

const OLD = 'ID=flatcar VERSION_ID=1 SYSEXT_LEVEL=1.0';
const NEW = 'ID=flatcar VERSION_ID=2 SYSEXT_LEVEL=1.0';

describe('choosePerHost', () => {
  it('makes a tree for each release if one for all brings more than the share', async () => {
    const { perHost, trees } = await chosen([host(NEW, lib('libx.so.1')), host(OLD)]);
    expect(trees).toEqual([
      ['/out/flatcar-1/app', 'ID=flatcar VERSION_ID=1'],
      ['/out/flatcar-2/app', 'ID=flatcar VERSION_ID=2'],
    ]);
    expect(perHost.because).toMatch(/^one for all brings \d+ % more than flatcar-2 lacks \(allowed: 10 %\)$/);
    const [older, newer] = perHost.releases;
    expect(perHost.common.size).toBeGreaterThan(newer!.size);
    expect(older!.plan.bound!.host.perHost).toBe('one release');
  });

  it('makes one tree with the loosest claim if it brings no more than the share', async () => {
    const { perHost, trees } = await chosen([host(NEW, lib('libx.so.1')), host(OLD)], 1_000_000);
    expect(trees).toEqual([['/out/app', 'ID=flatcar SYSEXT_LEVEL=1.0']]);
    expect(perHost.because).toMatch(/^one for all brings at most \d+ % more than a host lacks/);
    expect(perHost.common.plan!.bound!.host.perHost).toBe('all');
  });

  it('makes a tree for each release if no claim covers all', async () => {
    const { perHost, trees } = await chosen(
      [host('ID=debian VERSION_ID=13'), host('ID=debian VERSION_ID=12')],
      1e6,
    );
    expect(trees.map(([out]) => out)).toEqual(['/out/debian-12/app', '/out/debian-13/app']);
    expect(perHost.because).toContain('have no VERSION_ID= or SYSEXT_LEVEL= in common');
    expect(perHost.common.size).toBeGreaterThan(0);
  });

  it('makes a tree for each distribution', async () => {
    const { perHost, trees } = await chosen([host('ID=fedora VERSION_ID=43'), host('ID=arch')]);
    expect(trees).toEqual([
      ['/out/arch/app', 'ID=arch'],
      ['/out/fedora-43/app', 'ID=fedora VERSION_ID=43'],
    ]);
    expect(perHost.because).toContain('no image serves all hosts: the hosts are of different distributions');
  });

  it('makes one tree for hosts of one release', async () => {
    const { perHost, trees } = await chosen([host(OLD), host(OLD, lib('libx.so.1'))], 0);
    expect(trees).toEqual([['/out/app', 'ID=flatcar VERSION_ID=1']]);
    expect(perHost.because).toBe('all hosts are of one release');
  });

  it.each(['ID=../../x', 'ID=a/b VERSION_ID=1', 'ID=.'])(
    'refuses to name a directory for %s',
    async release => {
      await expect(chosen([host(release), host(OLD)])).rejects.toMatchObject({ code: 'odd-release' });
    },
  );
});

describe('readShare', () => {
  it('reads a share in percent', () => {
    expect(['10', '25%', '0'].map(readShare)).toEqual([10, 25, 0]);
  });

  it.each(['', 'x', '-1', './root', '1.5'])('refuses %j', text => {
    expect(() => readShare(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
