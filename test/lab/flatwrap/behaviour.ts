import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { program as flix } from '../flix.ts';
import { labRoot, type RootName } from '../roots.ts';
import { inMergedHost, type MergedHost } from './merged-host.ts';

/** A host and the wrapped tree that runs on it. */
export interface Setting {
  readonly host: RootName;
  /** The root of the tree. `musl` is a root with nothing but musl and the probe. */
  readonly tree: RootName | 'musl';
  /** The host's `/bin/sh`. */
  readonly shell: 'dash' | 'bash' | 'busybox';
  readonly form: 'overmount' | 'chroot';
  /** Exit codes to try. */
  readonly codes: readonly number[];
}

/** What a caller observed in each case: with the program run by the host's own loader, and with the wrapped program. */
export interface Observed {
  readonly native: ReadonlyMap<string, string>;
  readonly wrapped: ReadonlyMap<string, string>;
}

export const CALLERS = [0, 1000];

/** The names of all cases. */
export function cases(): string[] {
  return [...fs.readFileSync(file('cases.pl'), 'utf8').matchAll(/^ {4}'?([^'\n]*?)'? => sub \{/gm)].map(
    ([, name]) => name!,
  );
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Runs all cases for each user and program, at the same time. The ordinary user is in two groups. */
const RUN = `
for user in ${CALLERS.join(' ')}; do
  for program in lab bin; do
    own=/tmp/$user.$program
    mkdir "$own" && chmod 777 "$own"
    setpriv --reuid $user --regid $user --groups $user,2000 \\
      perl /mnt/cases.pl "$own" /usr/$program/probe >/mnt/$user.$program &
  done
done
wait
`;

const VENDOR = `
mount -t overlay flix-lab -o "ro,lowerdir=$1:$2" "$3"
shift 3
exec "$@"
`;

/**
 * Wraps the probe with flix and merges the tree with a host that has the native probe at `/usr/lab/probe`.
 *
 * @param scratch a directory, made if necessary; files in its `probe` become part of the root
 * @param named more paths for flix to vendor
 */
export async function wrapProbe(
  { host, tree, shell, form }: Omit<Setting, 'codes'>,
  scratch: string,
  named: readonly string[] = [],
): Promise<MergedHost> {
  const at = (...names: string[]) => path.join(scratch, ...names);
  for (const name of ['at', 'data', 'root', 'own/usr/lab', 'own/usr/bin', 'probe/usr/bin'])
    fs.mkdirSync(at(name), { recursive: true });
  const compile = (compiler: string, target: string) =>
    execa(compiler, ['-O1', '-Wno-unused-result', '-o', target, file('probe.c')]);

  await compile(tree === 'musl' ? 'musl-gcc' : 'gcc', at('probe/usr/bin/probe'));
  if (tree === 'musl') layMusl(at('probe'));
  const lower = tree === 'musl' ? at('root') : await labRoot(tree);
  const vendor = [
    'vendor',
    at('root'),
    '--mode',
    'flatwrap',
    '--trim',
    '--name',
    'probe',
    '--out',
    at('tree'),
  ];
  const mount = ['sh', '-c', VENDOR, 'vendor', at('probe'), lower, at('root')];
  await execa('unshare', [
    '--mount',
    ...mount,
    process.execPath,
    flix,
    ...vendor,
    '/usr/bin/probe',
    ...named,
  ]);
  const manifest = fs.readFileSync(at('tree/usr/local/probe/manifest.json'), 'utf8');
  if (!manifest.includes(`"${form}"`))
    throw new Error(`the wrapped tree does not have the form ${form}: ${manifest}`);

  await compile('gcc', at('own/usr/lab/probe'));
  fs.copyFileSync(`/usr/bin/${shell}`, at(`own/usr/bin/${shell}`));
  fs.symlinkSync(shell, at('own/usr/bin/sh'));
  return { host: await labRoot(host), layers: [at('tree'), at('own')], scratch };
}

/**
 * Runs the probe in all cases.
 *
 * @param scratch a directory to make
 * @returns the observations by the caller's uid
 */
export async function observe(setting: Setting, scratch: string): Promise<ReadonlyMap<number, Observed>> {
  const host = await wrapProbe(setting, scratch);
  const data = (name: string) => path.join(scratch, 'data', name);
  fs.copyFileSync(file('cases.pl'), data('cases.pl'));
  const [command, ...rest] = inMergedHost(host, ['sh', '-c', RUN]);
  const env = { _: 'x', CODES: setting.codes.join(' '), ENTRY: '/usr/bin/probe' };
  await execa(command!, rest, { env, stdin: 'ignore' });
  const read = (uid: number, kind: string) => parse(fs.readFileSync(data(`${uid}.${kind}`), 'utf8'));
  return new Map(CALLERS.map(uid => [uid, { native: read(uid, 'lab'), wrapped: read(uid, 'bin') }]));
}

function layMusl(root: string): void {
  for (const directory of ['lib', 'etc']) fs.mkdirSync(path.join(root, directory));
  fs.copyFileSync('/usr/lib/x86_64-linux-musl/libc.so', path.join(root, 'lib/ld-musl-x86_64.so.1'));
  fs.writeFileSync(path.join(root, 'etc/os-release'), 'ID=lab\nVERSION_ID=1\n');
}

function parse(lines: string): ReadonlyMap<string, string> {
  const decode = (text: string) =>
    text.replaceAll(/%(..)/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
  return new Map(
    lines
      .trimEnd()
      .split('\n')
      .map(line => line.split('\t') as [string, string])
      .map(([name, seen]) => [name, decode(seen)]),
  );
}
