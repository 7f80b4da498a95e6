import fs from 'node:fs';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import {
  holdPlace,
  publishDirectory,
  publishFile,
  repairPlace,
  restorePlace,
  temporaryBeside,
} from '../../src/io/publish.ts';
import { has } from '../lab/requires.ts';
import { listener, scratch } from './scratch.ts';

const at = scratch();
const source = new URL('../../src/io/publish.ts', import.meta.url).href;

function tree(directory: string, content: string): string {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(`${directory}/file`, content);
  return directory;
}

/** A run that replaces `out` by a tree or a file and is killed at its nth call that changes a name. */
async function killedAt(step: number, kind: 'directory' | 'file'): Promise<string | undefined> {
  const script = `
    import fs from 'node:fs/promises';
    import { ${kind === 'file' ? 'publishFile' : 'publishDirectory'} as publish, holdPlace, temporaryBeside } from ${JSON.stringify(source)};
    let step = 0;
    for (const name of ['rename', 'rm', 'open']) {
      const real = fs[name];
      fs[name] = (...args) => {
        if (++step === ${step}) process.kill(process.pid, 'SIGKILL');
        return real(...args);
      };
    }
    const silent = { step() {}, message() {}, done() {} };
    await holdPlace(${JSON.stringify(at('out'))}, silent, async () => {
      const temporary = await temporaryBeside(${JSON.stringify(at('out'))}, ${JSON.stringify(kind)});
      await fs.writeFile(${kind === 'file' ? 'temporary' : "temporary + '/file'"}, 'new');
      await publish(temporary, ${JSON.stringify(at('out'))});
    });`;
  const options = { reject: false, cwd: new URL('../..', import.meta.url) };
  const child = await execa('node', ['--import', 'tsx', '--input-type=module', '-e', script], options);
  if (child.exitCode !== 0 && child.signal !== 'SIGKILL') throw new Error(child.stderr);
  return child.signal;
}

describe('publishing', () => {
  it('replaces a directory that is not empty, even if its owner may not write it', async () => {
    const old = tree(at('out'), 'old');
    tree(`${old}/closed`, 'old');
    fs.chmodSync(`${old}/closed`, 0o555);
    const say = listener();
    await holdPlace(at('out'), say, async () => {
      const temporary = await temporaryBeside(at('out'), 'directory');
      await publishDirectory(tree(temporary, 'new'), at('out'));
    });
    expect(fs.readdirSync(at())).toEqual(['out']);
    expect(fs.readdirSync(at('out'))).toEqual(['file']);
    expect(say.said).toEqual([]);
  });

  it.each(['directory', 'file'] as const)(
    'leaves the old, the new, or what the next run repairs, wherever a run that replaces a %s is killed',
    async kind => {
      const seen = new Set<string>();
      for (let step = 1; ; step++) {
        fs.rmSync(at('out'), { recursive: true, force: true });
        if (kind === 'file') fs.writeFileSync(at('out'), 'old');
        else tree(at('out'), 'old');
        const signal = await killedAt(step, kind);
        if (kind === 'file') expect(fs.existsSync(at('out'))).toBe(true);
        await holdPlace(at('out'), listener(), async () => {});
        expect(fs.readdirSync(at())).toEqual(['out']);
        const content = fs.readFileSync(kind === 'file' ? at('out') : at('out', 'file'), 'utf8');
        seen.add(content);
        expect(['old', 'new']).toContain(content);
        if (signal === undefined) {
          expect(step).toBeGreaterThan(4);
          break;
        }
      }
      expect([...seen].sort()).toEqual(['new', 'old']);
    },
  );

  it('restores what an interrupted run had moved aside, with a message', async () => {
    tree(at('.out.flix-old'), 'old');
    tree(at('.out.flix-new-0123'), 'half');
    const done = await repairPlace(at('out'));
    expect(done.join('\n')).toMatch(/restored.*\n.*removed \.out\.flix-new-0123/);
    expect(fs.readFileSync(at('out', 'file'), 'utf8')).toBe('old');
    expect(await repairPlace(at('out'))).toEqual([]);
  });

  it('restores it before the place is read, and changes no other place', async () => {
    await restorePlace(at('out'), listener());
    expect(fs.readdirSync(at())).toEqual([]);
    tree(at('.out.flix-old'), 'old');
    const say = listener();
    await restorePlace(at('out'), say);
    expect(say.said.join()).toContain('restored');
    expect(fs.readFileSync(at('out', 'file'), 'utf8')).toBe('old');
  });

  it('does not touch the files of other places', async () => {
    fs.writeFileSync(at('.out2.flix-new-1'), '');
    fs.writeFileSync(at('out.flix-new-1'), '');
    expect(await repairPlace(at('out'))).toEqual([]);
  });

  it('refuses to replace a link', async () => {
    fs.symlinkSync('elsewhere', at('out'));
    await expect(holdPlace(at('out'), listener(), async () => {})).rejects.toMatchObject({
      code: 'special-in-place',
    });
    expect(fs.readlinkSync(at('out'))).toBe('elsewhere');
    expect(fs.readdirSync(at())).toEqual(['out']);
  });

  it('refuses to replace a FIFO or a device, or a file by a directory', async () => {
    await execa('mkfifo', [at('out')]);
    await expect(holdPlace(at('out'), listener(), async () => {})).rejects.toMatchObject({
      code: 'special-in-place',
    });
    fs.writeFileSync(at('file'), '');
    const publish = async () => publishDirectory(await temporaryBeside(at('file'), 'directory'), at('file'));
    await expect(holdPlace(at('file'), listener(), publish)).rejects.toMatchObject({ code: 'file-in-place' });
    expect(fs.readdirSync(at()).sort()).toEqual(['file', 'out']);
  });

  it('keeps the permissions that the umask grants', async () => {
    const temporary = await temporaryBeside(at('image'), 'file');
    await publishFile(temporary, at('image'));
    expect(fs.statSync(at('image')).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it('says that a directory does not exist', async () => {
    await expect(holdPlace(at('no', 'out'), listener(), async () => {})).rejects.toMatchObject({
      kind: 'io',
      code: 'io-enoent',
    });
  });

  it.runIf(has('root', 'mountNamespace'))('says that a file system is read-only or full', async () => {
    const script = `
      import fs from 'node:fs/promises';
      import { holdPlace } from ${JSON.stringify(source)};
      const silent = { step() {}, message() {}, done() {} };
      const codes = [];
      for (const place of ['/mnt/ro/out', '/mnt/full/out'])
        await holdPlace(place, silent, () => fs.writeFile(place, 'x'.repeat(1e6))).catch(error => codes.push(error.code));
      console.log(codes.join(' '));`;
    const mounts =
      'mount -t tmpfs t /mnt && mkdir /mnt/ro /mnt/full && mount -t tmpfs -o ro t /mnt/ro && mount -t tmpfs -o size=64k t /mnt/full';
    const { stdout } = await execa(
      'unshare',
      ['-m', 'sh', '-c', `${mounts} && exec node --import tsx --input-type=module -e "$1"`, 'sh', script],
      {
        cwd: new URL('../..', import.meta.url),
      },
    );
    expect(stdout).toBe('io-erofs io-enospc');
  });
});
