import { once } from 'node:events';
import fs from 'node:fs';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { holdPlace } from '../../src/io/publish.ts';
import { has } from '../lab/requires.ts';
import { listener, scratch } from './scratch.ts';

const at = scratch();
const source = new URL('../../src/io/publish.ts', import.meta.url).href;

/** Another process that holds the place until it is killed. */
async function holder() {
  const script = `
    import { holdPlace } from ${JSON.stringify(source)};
    const silent = { step() {}, message() {}, done() {} };
    await holdPlace(${JSON.stringify(at('out'))}, silent, async () => {
      console.log('held');
      await new Promise(resolve => setTimeout(resolve, 60_000));
    });`;
  const child = execa('node', ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
    reject: false,
  });
  await once(child.stdout, 'data');
  return { child };
}

describe.runIf(has('tool:flock'))('a place', () => {
  it('is one run’s at a time, also within a process', async () => {
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

  it('is given back by a killed process, without waiting or asking', async () => {
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

  it('is waited for where it is shared, aloud', async () => {
    const order: string[] = [];
    const say = listener();
    const first = holdPlace(at('out'), listener(), async () => {
      await new Promise(resolve => setTimeout(resolve, 300));
      order.push('first');
    });
    await new Promise(resolve => setTimeout(resolve, 100));
    const second = holdPlace(at('out'), say, async () => void order.push('second'), { wait: true });
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
    expect(say.said.join()).toContain('waiting');
  });
});
