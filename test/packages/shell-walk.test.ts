import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { walkScript } from '../../src/packages/shell-walk.ts';
import type { Value } from '../../src/packages/shell-values.ts';

/** The commands of a script in their order; `undefined`: the script may run them. */
function walked(
  script: string,
  ...args: string[]
): { readonly words: readonly Value[]; readonly isCertain: boolean }[] {
  const commands: { words: readonly Value[]; isCertain: boolean }[] = [];
  walkScript(
    script,
    { args, variables: { DPKG_ROOT: '' } },
    {
      kind: path => (path === '/etc' ? 'directory' : path === '/etc/fstab' ? 'file' : undefined),
      run: (words, isCertain) => {
        commands.push({ words, isCertain });
        return words[0] === 'echo' ? true : undefined;
      },
    },
  );
  return commands;
}

const wordsOf = (script: string, ...args: string[]) => walked(script, ...args).map(({ words }) => words);

describe('walkScript', () => {
  it('reads words with quotes and continued lines, without keywords, redirections and comments', () => {
    const script = [
      '#!/bin/sh -e',
      'if cmd; then # comment; adduser x',
      '  update-alternatives --install /usr/bin/a \\',
      "    a '/usr/bin/a b' 10 >/dev/null 2>&1 || true",
      'getent passwd x >/dev/null || adduser --system "x"; fi',
      "if ! cmd a\\ b'c'; then :; fi",
      'adduser --gecos "A $NAME" `id` y* $(id; mkdir x) "${A%/*}"',
    ].join('\n');
    expect(wordsOf(script)).toEqual([
      ['cmd'],
      ['update-alternatives', '--install', '/usr/bin/a', 'a', '/usr/bin/a b', '10'],
      ['getent', 'passwd', 'x'],
      ['adduser', '--system', 'x'],
      ['cmd', 'a bc'],
      ['adduser', '--gecos', undefined, undefined, undefined, undefined, undefined],
    ]);
  });

  it('gives variables the values that they have at each place, and none if a condition decides', () => {
    const script = [
      'USER="redis"',
      'export DIR=/var/lib/a # comment',
      'run --home "$DIR/x" ${USER} $USER-$DIR',
      'if unknown; then USER=other; fi',
      'run $USER',
      'MADE=$(id); GROWN=a; GROWN+=b',
      "run '$DIR' $DIRS $MADE $GROWN ${DPKG_ROOT:-x} ${DPKG_ROOT:+y}z \\$DIR",
      'LIST="a b"; run $LIST "$LIST"',
    ].join('\n');
    expect(wordsOf(script)).toEqual([
      ['run', '--home', '/var/lib/a/x', 'redis', 'redis-/var/lib/a'],
      ['unknown'],
      ['run', undefined],
      ['run', '$DIR', undefined, undefined, undefined, 'x', 'z', '$DIR'],
      ['run', 'a', 'b', 'a b'],
    ]);
  });

  it('says of commands behind conditions that nobody knows, and behind a possible exit, that they are not certain', () => {
    const script = [
      'one; if [ -d /etc ] && [ ! -e /nothing ]; then two; else no; fi',
      'unknown && three',
      'case "$1" in configure|x) four ;; *) no ;; esac',
      'while unknown; do five; done',
      'f () { if unknown; then return; fi; six; }',
      'f; seven',
      'if unknown; then exit 1; fi; eight',
      'if unknown; then exit 0; fi; nine',
    ].join('\n');
    const certain = walked(script, 'configure', '').filter(({ words }) => words[0] !== 'unknown');
    expect(certain.map(({ words, isCertain }) => [words[0], isCertain])).toEqual([
      ['one', true],
      ['two', true],
      ['three', false],
      ['four', true],
      ['five', false],
      ['six', false],
      ['seven', true],
      ['eight', true],
      ['nine', false],
    ]);
  });

  it('says of all commands that they are not certain if the script cannot be read to its end', () => {
    expect(walked('one\ncase x in (((\n').map(({ isCertain }) => isCertain)).toEqual([false]);
  });

  it('is what dash does, for what both can follow', () => {
    const script = [
      'set -e',
      'echo start "$1" "$#" "${2:-none}"',
      'say () { local a="$1"; shift; for word; do echo "$a:$word"; done; }',
      'say x "a b" c; say y',
      'cat <<EOF >/dev/null',
      "echo it's a here-document; `",
      'EOF',
      "cat <<-'END' >/dev/null",
      '\techo "no',
      '\tEND',
      'for i in 1 2; do for j in a b; do [ "$i$j" != 2a ] || continue; echo $i$j; done; done',
      'for i in 1 2 3; do if [ $i = 2 ]; then break; fi; echo $i; done',
      'if [ "$1" = configure -a -z "$2" ] && ! false || false; then echo first; elif true; then echo second; fi',
      'case "$1" in conf*re) echo pattern ;; esac; case a.b in a?b) echo any ;; esac',
      '( A=inner; echo $A ); B=b; echo "$B"',
      'E=; echo "${B+set}" "${B:+set}" "${E:+set}" "${E:-empty}" "${E-unset}" "${B:-empty}"',
      'f () { return; echo never; }; f; { echo group; }; echo "quote \\" \\$B \\\\ \\n"',
      'set -- p q; echo $1 $2 $#; echo "${B}c$B"',
      'exit 0; echo never',
    ].join('\n');
    const expected = execFileSync('sh', [
      '-c',
      script.replace('here-document; `', 'here-document'),
      'x',
      'configure',
      '',
    ]);
    const lines = walked(script, 'configure', '').flatMap(({ words, isCertain }) =>
      words[0] === 'echo' ? [isCertain ? words.slice(1).join(' ') : 'not certain'] : [],
    );
    expect(lines.map(line => line.replace(String.raw`\n`, '\n')).join('\n')).toBe(
      expected.toString().trimEnd(),
    );
  });

  it('takes linear time, whatever the script contains', () => {
    for (const text of [
      '"',
      "'",
      '\\',
      '>',
      '0',
      '#',
      '`',
      '1>',
      '"\\',
      '$(',
      '${',
      '(',
      '{ ',
      'if ',
      'a&&',
      '<<a\n',
      '$',
    ])
      expect(walked(`a ${text.repeat(200_000)}`).length).toBeLessThan(100_000);
  });

  it('stops at loops and calls that would not end', () => {
    const loop = 'for i in 1 2 3 4 5 6 7 8 9; do ';
    expect(walked(`${loop.repeat(12)} run ${'; done'.repeat(12)}`).length).toBeLessThan(30_000);
    expect(walked('f () { f; f; run; }; f').length).toBeLessThan(30_000);
    expect(walked(`A=aaaaaaaaaaaaaaaa; ${'A=$A$A; '.repeat(60)} run $A`)).toEqual([
      { words: ['run', undefined], isCertain: true },
    ]);
  });
});
