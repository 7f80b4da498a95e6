import { execaSync } from 'execa';
import { expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();

it.runIf(has('chroot', 'archive'))(
  'names the run-time files that vim lacks, and nothing of them once they are included',
  async () => {
    const root = await labRoot('apps-bookworm');
    const vendor = (out: string, ...more: string[]) =>
      flix('vendor', root, '/usr/bin/vim.basic', '--name', 'vim', '--out', at(out), ...more);
    const check = 'if !filereadable($VIMRUNTIME . "/filetype.vim") | cquit | endif';
    const status = (out: string) =>
      execaSync('chroot', [at(out), '/usr/bin/vim.basic', '-es', '-u', 'NONE', '-c', check, '-c', 'quit'], {
        reject: false,
      }).exitCode;

    expect((await vendor('bare')).stdout).toMatch(
      /not brought: \/usr\/share\/vim, .*, for \/usr\/bin\/vim\.basic/,
    );
    expect(status('bare')).toBe(1);
    expect((await vendor('whole', '--include', '/usr/share/vim')).stdout).not.toContain('/usr/share/vim,');
    expect(status('whole')).toBe(0);
  },
);
