import fs from 'node:fs';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import { extractCommand } from '../../src/cli/extract.ts';
import { listCommand } from '../../src/cli/list.ts';
import { verifyCommand } from '../../src/cli/verify.ts';
import { run } from '../cli/run.ts';

/** How `flix list`, `extract`, `verify` and `audit` end, by their exit statuses. */
export interface Ends {
  readonly list: number;
  readonly extract: number;
  readonly verify: number;
  readonly audit: number;
}

/** All that flix may do with an image that nobody can trust: an answer, what is wrong, a refusal, or that it requires a newer tool. */
const ALLOWED = [0, 1, 2, 3, 5];

/**
 * Has every command look at an image. None may show a stack, leave anything in the place for temporary files, or write
 * anywhere but into the directory that it was given: all that is in `place` beside that has to be as it was.
 */
export async function everyCommand(image: string, place: string): Promise<Ends> {
  const temporary = path.join(place, 'temporary');
  const out = path.join(place, 'out');
  fs.mkdirSync(temporary, { recursive: true });
  const before = pictureOf(place);
  vi.stubEnv('TMPDIR', temporary);
  try {
    const end = async (command: Parameters<typeof run>[0], ...argv: string[]) => {
      const { status, stderr } = await run(command, image, ...argv);
      expect(ALLOWED, stderr).toContain(status);
      return status;
    };
    const list = await end(listCommand());
    const extract = await end(extractCommand(), out);
    expect(fs.existsSync(out)).toBe(extract === 0);
    fs.rmSync(out, { recursive: true, force: true });
    const ends = { list, extract, verify: await end(verifyCommand()), audit: await end(auditCommand()) };
    expect(pictureOf(place)).toEqual(before);
    return ends;
  } finally {
    vi.unstubAllEnvs();
  }
}

/** Names, kinds and sizes, and when each was changed. */
function pictureOf(place: string): string[] {
  const names = fs.readdirSync(place, { recursive: true, encoding: 'utf8' }).sort();
  return names.map(name => {
    const { mode, size, mtimeMs, ino } = fs.lstatSync(path.join(place, name));
    // what is made and removed again in it is no trace
    return name === 'temporary' ? name : `${name} ${mode} ${size} ${mtimeMs} ${ino}`;
  });
}
