import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();
const script = fileURLToPath(new URL('../../scripts/show-screen', import.meta.url));

const SOURCE =
  '#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts("drawn"); fflush(stdout); return pause(); }\n';

describe.runIf(has('root', 'mountNamespace', 'tool:tmux', 'tool:gcc'))(
  'the screen that npm start shows',
  () => {
    it('is that of the program, which does not outlive it', async () => {
      const name = `stays-${process.pid}`;
      for (const directory of ['tree/usr/bin', 'tree/usr/local/app/lib', 'terminfo'])
        fs.mkdirSync(at(directory), { recursive: true });
      fs.writeFileSync(at('tree/usr/local/app/lib/libx.so.1'), '');
      execaSync('gcc', ['-static', '-x', 'c', '-', '-o', at('tree/usr/bin', name)], { input: SOURCE });
      const { stdout } = await execa(script, [at('tree'), at('terminfo'), `/usr/bin/${name}`]);
      expect(stdout).toContain('│ drawn');
      const isThere = () => execaSync('pgrep', ['-f', `^/usr/bin/${name}`], { reject: false }).exitCode === 0;
      // the kernel ends it after its parent
      for (let tries = 0; tries < 100 && isThere(); tries++) await new Promise(done => setTimeout(done, 100));
      expect(isThere()).toBe(false);
    });
  },
);
