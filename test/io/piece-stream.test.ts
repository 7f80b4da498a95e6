import { setTimeout } from 'node:timers/promises';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { begun, outputOf } from '../../src/io/piece-stream.ts';
import { scratch } from './scratch.ts';

const at = scratch();

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += Buffer.from(piece).toString();
  return text;
}

/** Waits until a condition holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(10);
}

describe('begun', () => {
  it('starts the source before anybody reads it, and loses no piece', async () => {
    const pieces = begun(outputOf('sh', ['-c', `echo one; echo > ${at('began')}; echo two`]));
    await until(() => fs.existsSync(at('began')));
    expect(await textOf(pieces)).toBe('one\ntwo\n');
  });

  it('throws its failure when it is read, not before', async () => {
    const pieces = begun(outputOf('sh', ['-c', 'exit 3']));
    await setTimeout(50); // an unhandled rejection would end the test
    await expect(textOf(pieces)).rejects.toMatchObject({ code: 'tool-failed' });
  });

  it.each([0, 1])('ends its tool when the caller stops after %i pieces', async count => {
    const pieces = begun(outputOf('sh', ['-c', `echo $$ > ${at('pid')}; echo one; exec sleep 1000`]));
    await until(() => fs.existsSync(at('pid')) && fs.readFileSync(at('pid'), 'utf8') !== '');
    for (let i = 0; i < count; i++) await pieces.next();
    await pieces.return(undefined);
    const pid = Number(fs.readFileSync(at('pid'), 'utf8'));
    const state = () => {
      try {
        return /^State:\s+(\w)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 'X';
      } catch {
        return 'X';
      }
    };
    await until(() => state() === 'X' || state() === 'Z');
    expect(['X', 'Z']).toContain(state());
  });
});
