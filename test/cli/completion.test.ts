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

describe.runIf(has('tool:fish'))('docs/flix.fish', () => {
  const offered = (line: string) =>
    execaSync('fish', ['--no-config', '-c', 'source docs/flix.fish; complete -C $argv[1]', line])
      .stdout.split('\n')
      .map(candidate => candidate.split('\t')[0])
      .filter(Boolean);

  it('completes commands, subcommands, options and their values', () => {
    expect(offered('flix ve')).toEqual(['vendor', 'verify', 'version']);
    expect(offered('flix help ven')).toEqual(['vendor']);
    expect(offered('flix host s')).toEqual(['snapshot']);
    expect(offered('flix vendor root --overl')).toEqual(['--overlay']);
    expect(offered('flix host snapshot --out')).toEqual(['--output']);
    expect(new Set(offered('flix vendor root --mode fl'))).toEqual(new Set(['flatwrap', 'flix']));
  });

  it('leaves other words to the completion of files', () => {
    expect(offered('flix vendor docs/flix.fi')).toEqual(['docs/flix.fish']);
    expect(offered('flix audit --host docs/flix.fi')).toEqual(['docs/flix.fish']);
  });
});

/** Types lines into zsh on a terminal of its own, each followed by a tab, and prints what they have become. */
const TYPE_INTO_ZSH = `
zmodload zsh/zpty
zpty -b shell zsh -f -i
read-on() { local piece; until [[ $seen = *$1* ]]; do zpty -r shell piece '*'; seen+=$piece; done }
seen=
zpty -w shell 'PS1= ; stty -echo; fpath=('$PWD'/docs $fpath); autoload -Uz compinit && compinit -D -u; setopt no_beep; unsetopt auto_list auto_menu'
zpty -w shell 'become() { print -r -- "<$BUFFER>"; BUFFER= }; zle -N become; bindkey "^X" become; bindkey "^I" complete-word; print rea''dy'
read-on ready
for line in "$@"; do
  seen=
  zpty -n -w shell "$line"$'\t'$'\x18'
  read-on '>'
  print -r -- "\${\${seen##*<}%%>*}"
done
zpty -d shell`;

describe.runIf(has('tool:zsh'))('docs/_flix', () => {
  it('completes commands, subcommands, options, their values and files', () => {
    const expected = {
      'flix ven': 'flix vendor ',
      'flix help outd': 'flix help outdated ',
      'flix host sn': 'flix host snapshot ',
      'flix vendor root --overl': 'flix vendor root --overlay ',
      'flix host snapshot --out': 'flix host snapshot --output ',
      'flix vendor root --mode flatw': 'flix vendor root --mode flatwrap ',
      'flix audit docs/flix.fi': 'flix audit docs/flix.fish ',
      'flix audit --host docs/flix.fi': 'flix audit --host docs/flix.fish ',
    };
    const { stdout } = execaSync('zsh', ['-f', '-c', TYPE_INTO_ZSH, 'zsh', ...Object.keys(expected)], {
      timeout: 120_000,
    });
    expect(stdout.split('\n')).toEqual(Object.values(expected));
  });
});

it.runIf(has('tool:groff'))('docs/flix.1 is a manual page without faults', () => {
  const { stdout, stderr } = execaSync('groff', ['-man', '-Kutf8', '-Tutf8', '-ww', 'docs/flix.1']);
  expect(stderr).toBe('');
  expect(stdout).toContain('General Commands Manual');
});
