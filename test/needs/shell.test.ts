import { describe, expect, it } from 'vitest';
import { readShell } from '../../src/needs/shell.ts';

const runs = (text: string) => readShell(text)?.runs.map(run => `${run.text} ${run.line}`);

describe('the commands of a shell script', () => {
  it('are the first words of commands, with their lines', () => {
    expect(runs('openssl req -new |\n  base64 && A=1 gpg --verify; { sscg; }\n')).toEqual([
      'openssl 1',
      'base64 2',
      'gpg 2',
      'sscg 2',
    ]);
  });

  it('are found in conditions, loops, cases, functions, substitutions and unquoted here-documents', () => {
    const text = [
      'if a1; then b1; elif c1; then d1; else e1; fi',
      'while a2; do b2; done; for x in $(a3); do b3 "$(c3 "`d3`")"; done',
      'case $(a4) in x) b4 ;; *) c4 ;; esac',
      'f() { a5; }; ( b5 ) > "$(c5)"; x=$(d5); ! e5; [ "$(f5)" ]; [[ $(g5) ]]',
      'cat <<END\n$(a6) b6\nEND',
      "cat <<'END'\n$(a7) b7\nEND",
      'a8 <(b8) & time c8',
    ].join('\n');
    const names = readShell(text)?.runs.map(run => run.text);
    const all = 'a1 b1 c1 d1 e1 a2 b2 a3 b3 c3 d3 a4 b4 c4 a5 b5 c5 d5 e5 f5 g5 cat a6 cat a8 b8 c8';
    expect(names?.sort()).toEqual(all.split(' ').sort());
  });

  it('are no builtins, functions, aliases, comments, quoted texts, arguments or expansions', () => {
    const text = [
      '# tool',
      'cd / && echo tool; printf "tool\\n"; true',
      'helper() { :; }; helper; alias ll="ls -l"; ll',
      '$TOOL x; "$bin/tool"; "${x}y"; x="tool y"; y=tool',
    ].join('\n');
    expect(runs(text)).toEqual([]);
  });

  it('are those that another command runs, too', () => {
    expect(runs('exec /usr/bin/a "$@"\ncommand b; nohup c; which d; command -v e; type f')).toEqual([
      '/usr/bin/a 1',
      'b 2',
      'nohup 2',
      'c 2',
      'which 2',
    ]);
  });

  it('keep the line of the backticks around them', () => {
    expect(runs('a\n\nx=`b | \\`c\\``\n')).toEqual(['a 1', 'b 3', 'c 3']);
  });
});

describe('a shell script', () => {
  it('reads files by name or path', () => {
    const { sources } = readShell('. gettext.sh\nsource /usr/share/x/functions\n. "$dir/y"\n')!;
    expect(sources.map(({ text }) => text)).toEqual(['gettext.sh', '/usr/share/x/functions']);
  });

  it('tests for programs that it can do without', () => {
    const text =
      'command -v a; type b; which c >/dev/null; hash d; [ -x /bin/e ]; test -x /bin/f; [[ -x /bin/g ]]';
    expect([...readShell(text)!.tested].sort()).toEqual(['/bin/e', '/bin/f', '/bin/g', 'a', 'b', 'c', 'd']);
  });

  it('names nothing in comments, in what it prints, and in here-documents', () => {
    const text =
      'x=/usr/share/a # /usr/share/b\necho see /usr/share/c\ncat <<END\n/usr/share/d\nEND\n[ -d /usr/share/e ]\n';
    const paths = readShell(text)!.words.filter(word => word.text.startsWith('/'));
    expect(paths).toEqual([
      { text: '/usr/share/a', line: 1 },
      { text: '/usr/share/e', line: 6 },
    ]);
  });

  it.each([
    ['nested substitutions', '$('.repeat(100_000)],
    ['nested functions', 'a() '.repeat(60_000)],
    ['nested functions with spaces', 'a( ) '.repeat(50_000)],
    ['here-documents without an end', '<<a '.repeat(60_000)],
    ['backticks', '`'.repeat(250_000)],
    ['quotes', '"'.repeat(250_000)],
    ['expansions', '${a:-'.repeat(50_000)],
    ['conditions', 'if '.repeat(80_000)],
    ['a few nested functions', 'a() '.repeat(3900)],
    ['a few nested substitutions', '"$('.repeat(3900)],
    ['bytes', '\0'.repeat(250_000)],
  ])('may be hostile: %s', (_, text) => {
    expect(() => readShell(text)).not.toThrow();
  });
});
