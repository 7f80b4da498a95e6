import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { flix, makeRoot, refusal, refused, small } from './flix.ts';

const at = scratch();

/** Replaced by the root of the test. */
const ROOT = '{root}';

async function outcome(args: readonly string[], says: readonly string[]) {
  const root = makeRoot(at('root'));
  const result = await flix(
    args.map(word => word.replace(ROOT, root)),
    { cwd: at() },
  );
  const written = fs.readdirSync(at()).filter(name => name !== 'root');
  return {
    ...refusal(
      result,
      says.map(text => text.replace(ROOT, root)),
    ),
    stdout: result.stdout,
    written,
  };
}

const refusedWith = (status: number) => ({ ...refused(status), stdout: '', written: [] });

describe('a command line that contradicts itself', () => {
  it.each<[args: string[], says: string[]]>([
    [[], ['Usage: flix <command>', 'flix help vendor']],
    [
      ['help', 'bogus'],
      ["flix: unknown command 'bogus'", 'flix --help lists the commands'],
    ],
    [
      ['help', 'host', 'bogus'],
      ["flix: host has no command 'bogus'", 'flix host --help'],
    ],
    [
      ['host', 'snapshto'],
      ["unknown command 'snapshto'", 'Did you mean snapshot?'],
    ],
    [['--explain', 'x'], ['Options follow a command: flix pack --explain … or flix audit --explain …']],
    [['--sideways'], ['--sideways is not an option of flix itself', 'No command has it.']],
    [['--plan=json'], ['Options follow a command: flix build --plan=json …']],
    [
      ['vendor', '/', '--version'],
      ['argument missing', 'flix --version prints that of flix'],
    ],
    [['-v'], ['flix: -v is not an option of flix itself', 'Options follow a command: flix vendor -v']],
    [
      ['--quiet', 'pack', ROOT],
      ['--quiet stands before the command', 'flix pack --quiet'],
    ],
    [
      ['audit', '--explain', 'host-modules'],
      ['no finding called host-modules', 'Did you mean leaks/host-modules?'],
    ],
    [['vendro'], ["unknown command 'vendro'", 'Did you mean vendor?']],
    [
      ['vendor', '--prune'],
      ["flix vendor: unknown option '--prune'", 'flix vendor --help'],
    ],
    [['vendor', ROOT, '/usr/bin/app', '--seal', 'no'], ["'no' is invalid. Allowed choices are auto, none"]],
    [
      ['vendor', ROOT, '/usr/bin/app', '--pack', '--format', 'zip'],
      ["'zip' is invalid. Allowed choices are"],
    ],
    [
      ['vendor', ROOT, '/usr/bin/app', '--key', 'k.pem'],
      ['--key describes the image', 'no image is made', 'Add --pack.'],
    ],
    [
      ['vendor', ROOT, '/usr/bin/app', '-o', 'app.raw'],
      ['-o describes the image', 'no image is made', 'Add --pack, or name the tree with --out.'],
    ],
    [
      ['pack', ROOT, '--certificate', 'c.pem'],
      ['signing requires --key and --certificate, but --key is missing', 'openssl req -x509'],
    ],
    [['pack', ROOT, '--sign'], ['signing requires --key and --certificate']],
    [
      ['pack', ROOT, '--host', ROOT, '--os-id', 'debian'],
      ['cannot be combined with --os-id', 'one or the other'],
    ],
    [['pack', ROOT, '--sysext-level', '1.0'], ['have no effect without --os-id']],
    [
      ['pack', ROOT, '--scope', 'world'],
      ["'--scope <scope>' argument 'world' is invalid", 'Allowed choices are system, initrd, portable'],
    ],
    [
      ['pack', ROOT, '--kernel', 'new'],
      ['--kernel new is not a version of Linux', 'uname -r'],
    ],
    [['pack', ROOT, '--seed', '1'], ['--seed 1 is not a UUID']],
    [
      ['pack', ROOT, '--file-contexts', '/nowhere'],
      ['/nowhere does not exist', 'the root of the target'],
    ],
    [['tree', '--format', 'xml', '/usr/bin/app'], ["'xml' is invalid"]],
    [
      ['vendor', ROOT, '/usr/bin/app', '--exclude-lib', 'libx.so.1'],
      ['--exclude-lib libx.so.1 gives no reason'],
    ],
    [['vendor', ROOT, '/usr/bin/app', '--include', ''], ['--include is empty']],
    [['vendor', ROOT, '/usr/bin/app', '--include', 'usr/share'], ['usr/share is not an absolute path']],
    [['vendor', ROOT, '/usr/bin/app', '--dlopen', ''], ['--dlopen is empty']],
    [['vendor', ROOT, '/usr/bin/app', '--hwcaps', 'v9'], ['Known: x86-64-v2']],
    [
      ['vendor', ROOT, '/usr/bin/app', '--include', '/usr/share/*.txt'],
      ['/usr/share/*.txt matches nothing in debian 12', 'matched inside the root, not on this machine'],
    ],
    [
      ['vendor', ROOT, '/usr/bin/app', '--dlopen', 'libgone.so.1'],
      ['libgone.so.1, which --dlopen names, is not in any of the roots'],
    ],
  ])('%j', async (args, says) => {
    expect(await outcome(args, says)).toEqual(refusedWith(args.includes('libgone.so.1') ? 3 : 2));
  });
});

describe('a root that cannot be used', () => {
  it.each<[args: string[], says: string[]]>([
    [['vendor'], ['no root is named', 'flix vendor ./rootfs']],
    [
      ['vendor', ''],
      ['an empty path is not a root', 'a variable of a script is unset'],
    ],
    [
      ['vendor', '/nowhere/at/all', '/usr/bin/app'],
      ['/nowhere/at/all: no such file or directory', 'Check the path'],
    ],
    [
      ['vendor', `${ROOT}/usr/bin/app`],
      [`${ROOT}/usr/bin/app is not a directory`, 'Unpack an archive'],
    ],
    [
      ['vendor', ROOT],
      ['is a whole root (it has an os-release)', `flix vendor ${ROOT} /usr/bin/PROGRAM`],
    ],
    [
      ['vendor', ROOT, '/usr/bin/app', '--staging', '/'],
      ['is a whole root, and everything is taken from it'],
    ],
    [['tree', '--root', '/nowhere/at/all', '/usr/bin/app'], ['/nowhere/at/all: no such file or directory']],
  ])('%j', async (args, says) => {
    expect(await outcome(args, says)).toEqual(refusedWith(2));
  });
});

describe('a path that cannot be put into the extension', () => {
  it.each<[path: string, says: string[]]>([
    ['', ['the path is empty', 'Check whether a script uses an unset variable.']],
    ['app', ['app is not an absolute path inside the root', '/usr/bin/app']],
    ['/nowhere', ['/nowhere is not in debian 12', 'looked up inside the root']],
    ['/usr/bin/app/below', ['/usr/bin/app/below is not in debian 12']],
    [
      '/etc/os-release',
      ['/etc/os-release would lie outside /usr and /opt', 'Give it a place: /etc/os-release:/usr/'],
    ],
    ['/usr', ['/usr would lie outside']],
    ['/', ['/ would lie outside']],
    ['/usr/bin/app:/etc/app', ['/etc/app would lie outside', 'Give it a place: /usr/bin/app:/usr/']],
    ['/usr/bin/app:/usr/../etc/app', ['/etc/app would lie outside']],
    ['/usr/bin/app:/', ['/ would lie outside']],
    [
      '/usr/bin/app:/usr/bin',
      [
        '/usr/bin/app:/usr/bin: TARGET must name the file, not its directory',
        'Name the file itself: /usr/bin/app:/usr/bin/app',
      ],
    ],
    [
      '/usr/bin/app:/usr/sbin/',
      ['TARGET must name the file, not its directory', '/usr/bin/app:/usr/sbin/app'],
    ],
    ['/usr/bin/app:/lib64', ['TARGET must name the file, not its directory']],
    [':/usr/bin/app', [':/usr/bin/app is not an absolute path inside the root']],
  ])('%j', async (path, says) => {
    expect(await outcome(['vendor', ROOT, path, '--name', 'x'], says)).toEqual(refusedWith(2));
  });

  it('is refused if another file claims its target', async () => {
    const root = makeRoot(at('root'), { ...small, '/usr/bin/other': small['/usr/bin/app']! });
    const { stderr, status } = await flix(
      ['vendor', root, '/usr/bin/app', '/usr/bin/other:/bin/app', '--name', 'x'],
      { cwd: at() },
    );
    expect(stderr).toContain(
      'two files claim /usr/bin/app: /usr/bin/app of debian 12 (requested), and /usr/bin/other of debian 12',
    );
    expect(stderr).toContain('Give one of them another place');
    expect(status).toBe(2);
  });
});

describe('an unusable name or private directory', () => {
  it.each<[args: string[], says: string[]]>([
    [
      ['--name', ''],
      ['"" cannot be the name of an extension: it is empty', '--name'],
    ],
    [['--name', 'a/b'], ['it contains a slash']],
    [['--name', '.hidden'], ['begins with a dot']],
    [
      ['--name', 'a\nb'],
      ['"a\\nb" cannot be the name', 'control character'],
    ],
    [['--name', 'x'.repeat(300)], ['longer than']],
    [
      ['--name', 'a b'],
      ['"/usr/local/a b" contains " "', '--prefix /usr/local/a-b'],
    ],
    [['--name', 'a:b'], ['contains ":"']],
    [['--name', '$HOME'], ['contains "$"']],
    [['--prefix', '/etc/x'], ['--prefix /etc/x is outside /usr and /opt']],
    [
      ['--prefix', '/usr'],
      ['--prefix /usr is a directory that the host shares', '--prefix /usr/app'],
    ],
    [['--prefix', '/usr/local/'], ['is a directory that the host shares']],
    [['--prefix', '/usr/bin/app'], ['two files claim /usr/bin/app']],
  ])('%j', async (args, says) => {
    expect(await outcome(['vendor', ROOT, '/usr/bin/app', ...args], says)).toEqual(refusedWith(2));
  });
});

describe('a DESTDIR tree', () => {
  const tree = (files: Parameters<typeof makeRoot>[1]) => {
    makeRoot(at('root'));
    return makeRoot(at('tree'), { '/usr/bin/app': small['/usr/bin/app']!, ...files }, 'none');
  };

  it('is not a whole root without os-release, which is called that', async () => {
    const root = makeRoot(at('root'));
    for (const file of ['etc/os-release', 'usr/lib/os-release']) fs.rmSync(at('root', file), { force: true });
    for (const directory of ['dev', 'proc']) fs.mkdirSync(at('root', directory), { recursive: true });
    const { stderr, status } = await flix(['vendor', root, '/usr/bin/app'], { cwd: at() });
    expect([status, stderr]).toEqual([2, expect.stringContaining(`${root} has no os-release`)]);
  });

  it.runIf(has('loader:glibc'))('keeps its own extension-release file', async () => {
    const file = '/usr/lib/extension-release.d/extension-release.mine';
    const text = 'ID=flatcar\nSYSEXT_LEVEL=1.0\n';
    const args = [
      'vendor',
      tree({ [file]: { text } }),
      '--staging',
      at('root'),
      '--out',
      at('out'),
      '--no-run',
    ];
    expect(await flix(args)).toMatchObject({ status: 0 });
    expect(fs.readFileSync(at('out', file), 'utf8')).toBe(text);
  });

  it.runIf(has('loader:glibc')).each([
    ['["flix.manifest/1"]', 'exists and was not written by flix', '--prefix'],
    ['{', 'exists and was not written by flix', '--prefix'],
    [
      '{"schema":"flix.manifest/1","prefix":"/usr/local/app","remarks":[],"files":[null]}',
      'is damaged: files[0]',
      'make the tree again',
    ],
    [
      '{"schema":"flix.manifest/1","prefix":"/usr/local/app","remarks":[],"files":[{"path":"/usr/bin/app","origin":{"root":"tree"},"edits":[{"offset":-1,"before":"zz","after":1}]}]}',
      'is damaged: files[0]',
      'make the tree again',
    ],
  ])('is not overwritten if it holds a foreign manifest: %s', async (text, why, fix) => {
    const root = tree({ '/usr/local/app/manifest.json': { text } });
    const result = await flix(['vendor', root, '--staging', at('root'), '--name', 'app']);
    expect(refusal(result, ['/usr/local/app/manifest.json', why, fix])).toEqual(refused(2));
  });
});

describe('flix.json', () => {
  it.each<[content: string, says: string[]]>([
    [
      '{"root": ".", "nmae": "x"}',
      ['flix.json: unknown key "nmae"', 'Did you mean "name"?', 'Known keys: root, paths, package'],
    ],
    ['{"stage": {"inclde": ["x"]}}', ['flix.json: unknown key "inclde" in stage', 'Did you mean "include"?']],
    ['{"stage": ["x"]}', ['stage must be an object with any of include, mirror, components']],
    [
      '{"tests": [{"run": "x"}, {"run": 1}]}',
      ['tests[1].run must be a string or a list of strings, but is 1'],
    ],
    [
      '{"tests": [{"prints": "x"}]}',
      ['tests[0] has no "run", which must be a string', 'the shell of the host'],
    ],
    ['{"tests": {"run": "x"}}', ['tests must be a list of objects with run, user', 'Write [{"run":"x"}].']],
    ['{"tests": [{"run": "x", "status": "1"}]}', ['tests[0].status must be a whole number, but is "1"']],
    ['{"tests": [{"run": "x", "user": ["me"]}]}', ['tests[0].user must be a list of "root" or a number']],
    [
      '{"allow": [{"finding": "*", "reason": "x", "until": "May"}]}',
      ['allow[0].until must be a day such as'],
    ],
    ['{"formats": "ddi"}', ['formats must be a list of ddi, erofs', 'Write ["ddi"].']],
    ['{"failOn": "all"}', ['failOn must be one of error, warning, info']],
    ['{"reload-manager": true}', ['unknown key "reload-manager"', 'Write it as "reloadManager".']],
    ['{"name": 7}', ['flix.json: name must be a string, but is 7']],
    ['{"format": "zip"}', ['format must be one of ddi, erofs, squashfs', 'but is "zip"']],
    ['{"staging": "/"}', ['staging must be a list of paths, but is "/"', 'Write ["/"].']],
    ['{"paths": "/usr/bin/btop"}', ['paths must be a list of strings', 'Write ["/usr/bin/btop"].']],
    ['{"mode": "wrap"}', ['flix.json: mode must be one of flix, flatwrap, auto, host-bound, but is "wrap"']],
    ['{"scope": ["world"]}', ['scope must be a list of system, initrd, portable, but is ["world"]']],
    [
      '{"root": ".", "output": "app.raw"}',
      [
        'flix.json: output describes the image, but no image is made',
        'Add --pack, or "pack": true to ./flix.json, or name the tree with "out".',
      ],
    ],
    ['{"root": ".", "scope": ["system"]}', ['flix.json: scope describes the image']],
    ['{"root": ".", "mode": "flix", "etc": "staged"}', ['--etc needs --mode flatwrap']],
    ['{"constructor": 1, "__proto__": 1}', ['unknown key']],
    ['[]', ['flix.json: the document is not an object']],
    ['{', ['flix.json: ']],
    ['\0\u001b[2J', ['flix.json: ']],
  ])('%j', async (content, says) => {
    fs.writeFileSync(at('flix.json'), content);
    const { stderr, status, stdout } = await flix(['vendor'], { cwd: at() });
    for (const text of says) expect(stderr).toContain(text);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
