import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { has } from '../lab/requires.ts';

function completed(...words: readonly string[]): string[] {
  const script =
    'source docs/flix.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _flix; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout } = execaSync('bash', ['-c', script, 'bash', 'flix', ...words]);
  return stdout.split('\n').filter(Boolean);
}

describe('docs/flix.bash', () => {
  it('completes commands, subcommands, options and their values', () => {
    expect(completed('ve')).toEqual(['vendor', 'verify', 'version']);
    expect(completed('help', 'ven')).toEqual(['vendor']);
    expect(completed('host', '')).toEqual(['snapshot', 'diff']);
    expect(completed('vendor', 'root', '--overl')).toEqual(['--overlay']);
    expect(completed('host', 'snapshot', '--out')).toEqual(['--output']);
    expect(completed('vendor', 'root', '--mode', '')).toEqual(['flix', 'flatwrap', 'auto', 'host-bound']);
  });

  it('leaves other words to the completion of files', () => {
    expect(completed('vendor', './r')).toEqual([]);
    expect(completed('audit', '--host', './r')).toEqual([]);
  });
});

it.runIf(has('tool:groff'))('docs/flix.1 is a manual page without faults', () => {
  const { stdout, stderr } = execaSync('groff', ['-man', '-Kutf8', '-Tutf8', '-ww', 'docs/flix.1']);
  expect(stderr).toBe('');
  expect(stdout).toContain('General Commands Manual');
});
