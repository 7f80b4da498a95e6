import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { flix } from '../cli/flix.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

/** What the programs of a host's driver end in is in drivers.test.ts. */

const at = scratch();
const manifestAt = (tree: string, name: string) =>
  JSON.parse(fs.readFileSync(path.join(tree, 'usr/local', name, 'manifest.json'), 'utf8')) as {
    mode: string;
    modeBecause?: string;
    needs: { what: string; verdict: string; because?: string }[];
  };

describe.runIf(has('root', 'mountNamespace', 'archive', 'tool:bwrap'))('--mode auto', () => {
  it('ends in Flix mode for vim, whose needs are all served there, and says so first', async () => {
    const root = await labRoot('apps-bookworm');
    const vendor = ['vendor', root, '--package', 'vim', '--mode', 'auto', '--out', at('vim')];
    const dry = await flix([...vendor, '--dry-run']);
    expect(dry.stdout).toContain('mode: flix, because every need of its programs is served in it');
    expect(fs.existsSync(at('vim'))).toBe(false);
    const unasked = await flix(['vendor', root, '--package', 'vim', '--out', at('vim'), '--dry-run']);
    expect(unasked.stdout + unasked.stderr).not.toContain('mode:');
    const { stderr, status } = await flix(vendor);
    expect(status).toBe(0);
    const [reason, remark] = ['mode: flix, because every need', 'vim: brings'].map(text =>
      stderr.indexOf(text),
    );
    expect(reason).toBeGreaterThanOrEqual(0);
    expect(remark! < 0 || reason! < remark!).toBe(true);
    expect(manifestAt(at('vim'), 'vim')).toMatchObject({
      mode: 'flix',
      modeBecause: 'every need of its programs is served in it',
    });
    const host = await labRoot('host-trixie');
    const script = ['-es', '-u', 'DEFAULTS', '-c', 'echo $VIMRUNTIME', '-c', 'qa!'];
    const tried = await flix([
      'try',
      at('vim'),
      '--host',
      host,
      '--strict',
      '--',
      '/usr/bin/vim.basic',
      ...script,
    ]);
    expect(tried.stderr).toContain('0 libraries of the host');
    expect(tried.status).toBe(0);
  });

  it('ends in Flix mode for ffmpeg, with the drivers named that neither mode brings', async () => {
    const root = await labRoot('media-bookworm');
    const options = ['--mode', 'auto', '--needs', 'recommended', '--json', '--no-run', '--out', at('ffmpeg')];
    const { stdout } = await flix(['vendor', root, '/usr/bin/ffmpeg', ...options]);
    const { manifest } = JSON.parse(stdout) as { manifest: ReturnType<typeof manifestAt> };
    expect(manifest.mode).toBe('flix');
    expect(manifest.modeBecause).toMatch(
      /^neither mode serves what is open: \/usr\/bin\/ffmpeg needs OpenGL drivers \(.*\/dri\), which Flix mode does not bring: drivers belong to the host/,
    );
    const open = manifest.needs.filter(({ verdict }) => verdict === 'open').map(({ what }) => what);
    expect(open).toEqual(expect.arrayContaining(['/usr/lib/x86_64-linux-gnu/dri']));
  });
});
