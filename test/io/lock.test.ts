import { once } from 'node:events';
import fs from 'node:fs';
import { execa, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { lockPlace, placeOf } from '../../src/io/lock.ts';
import { holdPlace } from '../../src/io/publish.ts';
import { has } from '../lab/requires.ts';
import { waitFor } from '../lab/wait.ts';
import { listener, scratch } from './scratch.ts';

const at = scratch();
const source = new URL('../../src/io/publish.ts', import.meta.url).href;

/** Starts another process that holds the output path until it is killed. */
async function holder() {
  const script = `
    import { holdPlace } from ${JSON.stringify(source)};
    const silent = { step() {}, message() {}, done() {} };
    await holdPlace(${JSON.stringify(at('out'))}, silent, async () => {
      console.log('held');
      await new Promise(resolve => setTimeout(resolve, 3_600_000));
    });`;
  const child = execa('node', ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
    reject: false,
  });
  await once(child.stdout, 'data');
  return { child };
}

describe.runIf(has('tool:flock'))('an output path', () => {
  it('belongs to one run at a time, even within one process', async () => {
    await holdPlace(at('out'), listener(), async () => {
      await expect(holdPlace(at('out'), listener(), async () => {})).rejects.toMatchObject({
        kind: 'io',
        code: 'place-taken',
      });
      await holdPlace(at('out2'), listener(), async () => {});
    });
    await holdPlace(at('out'), listener(), async () => {});
    expect(fs.readdirSync(at())).toEqual([]);
  });

  it('is free again after its process was killed', async () => {
    const { child } = await holder();
    await expect(holdPlace(at('out'), listener(), async () => {})).rejects.toMatchObject({
      code: 'place-taken',
    });
    child.kill('SIGKILL');
    await child;
    expect(fs.readdirSync(at())).toEqual(['.out.flix-lock']);
    const say = listener();
    await holdPlace(at('out'), say, async () => {});
    expect(say.said).toEqual([]);
  });

  it('is waited for on request, with a message', async () => {
    const order: string[] = [];
    const say = listener();
    let second: Promise<void> | undefined;
    await holdPlace(at('out'), listener(), async () => {
      second = holdPlace(at('out'), say, async () => void order.push('second'), { wait: true });
      await waitFor(() => say.said.join().includes('waiting'));
      order.push('first');
    });
    await second;
    expect(order).toEqual(['first', 'second']);
  });
});

it('refuses a link or a FIFO in the place of the lock, and makes nothing where the link leads', async () => {
  const place = placeOf(at('image'));
  fs.symlinkSync(at('elsewhere'), place.lock);
  await expect(lockPlace(place, listener())).rejects.toMatchObject({ kind: 'input', code: 'foreign-lock' });
  expect(fs.existsSync(at('elsewhere'))).toBe(false);
  fs.rmSync(place.lock);
  execaSync('mkfifo', [place.lock]);
  await expect(lockPlace(place, listener())).rejects.toMatchObject({ code: 'foreign-lock' });
});
