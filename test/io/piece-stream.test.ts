import { setTimeout } from 'node:timers/promises';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { outputOf } from '../../src/io/piece-stream.ts';
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

describe('outputOf', () => {
  it('yields what its tool prints', async () => {
    expect(await textOf(outputOf('sh', ['-c', 'echo one; echo two']))).toBe('one\ntwo\n');
  });

  it('throws if its tool fails', async () => {
    const pieces = outputOf('sh', ['-c', 'exit 3']);
    await expect(textOf(pieces)).rejects.toMatchObject({ code: 'tool-failed' });
  });

  it('ends its tool when the caller stops reading', async () => {
    const pieces = outputOf('sh', ['-c', `echo $$ > ${at('pid')}; echo one; exec sleep 1000`]);
    await pieces.next();
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
