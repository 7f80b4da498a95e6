import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProgramOutput, parseOutputs } from './run-in-root.ts';
import { runInOverlay } from './overlay.ts';

export interface MergedLoaders {
  /** The root of a host, which has systemd-sysext and perl; nothing is written to it. */
  readonly host: string;
  /** Directories of extensions; each is called as its directory. */
  readonly trees: readonly string[];
  /** An empty directory of the test. */
  readonly scratch: string;
}

export interface TracedFile {
  readonly file: string;
  /** As the file names it, or the host's. */
  readonly loader: string;
}

/**
 * Where the host's /usr is also seen as it was: with a libc of an extension over its own not even perl would start.
 */
const MERGE = `
set -eu
mkdir -p /var/lib/extensions /var/lib/extensions.mutable /plain
mount -t tmpfs tmpfs /var/lib/extensions.mutable
for name; do cp -a "/shared/$name" /var/lib/extensions/; done
mount --bind /usr /plain
mount --make-private /plain
[ $# -eq 0 ] || systemd-sysext merge >&2
`;
const PERL =
  '/plain/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path /plain/lib/x86_64-linux-gnu /plain/bin/perl';

/** All symbols are bound, and those that are not found are told (glibc elf/rtld.c). */
const TRACE = ['LD_TRACE_LOADED_OBJECTS=1', 'LD_WARN=1', 'LD_BIND_NOW=1'];

/**
 * What each file's loader says of it once the host's own systemd-sysext has merged the extensions. Needs root and a
 * mount namespace.
 */
export async function traceMerged(
  { host, trees, scratch }: MergedLoaders,
  asked: readonly TracedFile[],
): Promise<Map<string, ProgramOutput>> {
  const shared = path.join(scratch, 'shared');
  const work = path.join(scratch, 'work');
  for (const directory of [shared, work]) fs.mkdirSync(directory, { recursive: true });
  for (const tree of trees)
    fs.cpSync(tree, path.join(shared, path.basename(tree)), {
      recursive: true,
      verbatimSymlinks: true,
      force: true,
    });
  fs.copyFileSync(
    fileURLToPath(new URL('run-in-root.pl', import.meta.url)),
    path.join(shared, 'run-in-root.pl'),
  );
  const groups = new Map<string, string[]>();
  for (const { file, loader } of asked) groups.set(loader, [...(groups.get(loader) ?? []), file]);
  const commands = [...groups].map(([loader, files], index) => {
    fs.writeFileSync(path.join(shared, `paths.${index}`), files.map(file => `${file}\0`).join(''));
    const request = `/ 0 2 ${TRACE.join(' ')} -- ${loader} --glibc-hwcaps-mask none`;
    return `${PERL} /shared/run-in-root.pl ${request} < /shared/paths.${index} > /shared/answers.${index}`;
  });
  const place = { root: host, work, shared };
  const names = trees.map(tree => path.basename(tree));
  const { status, stderr } = await runInOverlay(place, [
    'sh',
    '-c',
    MERGE + commands.join('\n'),
    'sh',
    ...names,
  ]);
  if (status !== 0) throw new Error(`the merge failed: ${stderr}`);
  const answers = new Map<string, ProgramOutput>();
  [...groups.values()].forEach((files, index) => {
    const told = parseOutputs(fs.readFileSync(path.join(shared, `answers.${index}`), 'utf8'));
    files.forEach((file, at) => answers.set(file, told[at]!));
  });
  return answers;
}

/** Symbols that a trace complains of: `name@VERSION of /path`. */
export function undefinedSymbolsIn({ stdout, stderr }: ProgramOutput): string[] {
  const lines = `${stdout}\n${stderr}`.matchAll(/^undefined symbol: (\S+?)(?:, version (\S+))?\t\((.*)\)/gm);
  const symbols = [...lines].map(
    ([, name, version, file]) => `${name}${version ? `@${version}` : ''} of ${file}`,
  );
  return [...new Set(symbols)].sort();
}

/** Versions that a trace complains of: `VERSION`. */
export function missingVersionsIn({ stdout, stderr }: ProgramOutput): string[] {
  const all = `${stdout}\n${stderr}`.matchAll(/version [`'](\S+)' not found \(required by/g);
  return [...new Set([...all].map(([, version]) => version!))].sort();
}
