import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import type { Progress } from '../../src/io/progress.ts';

/** A directory for one test file; emptied after each test. */
export function scratch(): (...parts: string[]) => string {
  let directory: string | undefined;
  afterEach(() => {
    if (directory !== undefined) fs.rmSync(directory, { recursive: true, force: true });
    directory = undefined;
  });
  return (...parts) =>
    path.join((directory ??= fs.mkdtempSync(path.join(os.tmpdir(), 'flix-test-'))), ...parts);
}

/** Progress that remembers its messages. */
export function listener(): Progress & { readonly said: string[] } {
  const said: string[] = [];
  return { said, step: () => {}, message: text => void said.push(text), done: () => {} };
}
