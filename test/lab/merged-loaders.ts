import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProgramOutput, parseOutputs } from './run-in-root.ts';
import { runInOverlay } from './overlay.ts';

export interface MergedLoaders {
  /** The root of a host with systemd-sysext and perl. Nothing is written to it. */
  readonly host: string;
  /** Directories of extensions. Each extension has the name of its directory. */
  readonly trees: readonly string[];
  /** An empty directory of the test. */
  readonly scratch: string;
}

export interface TracedFile {
  readonly file: string;
  /** The loader that the file names, or the host's. */
  readonly loader: string;
}

/** Keeps the host's original /usr visible at /plain: once an extension has shadowed the host's libc, perl would not start. */
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

/** Binds all symbols and reports those that are not found (glibc elf/rtld.c). */
const TRACE = ['LD_TRACE_LOADED_OBJECTS=1', 'LD_WARN=1', 'LD_BIND_NOW=1'];

/**
 * Has the host's own systemd-sysext merge the extensions, then traces each file by its loader. Returns the output by file.
 * Needs root and a mount namespace.
 */
export async function traceMerged(
  { host, trees, scratch }: MergedLoaders,
  traced: readonly TracedFile[],
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
  for (const { file, loader } of traced) groups.set(loader, [...(groups.get(loader) ?? []), file]);
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
    const outputs = parseOutputs(fs.readFileSync(path.join(shared, `answers.${index}`), 'utf8'));
    files.forEach((file, at) => answers.set(file, outputs[at]!));
  });
  return answers;
}

/** The symbols that a trace reports as undefined: `name@VERSION of /path`. */
export function undefinedSymbolsIn({ stdout, stderr }: ProgramOutput): string[] {
  const lines = `${stdout}\n${stderr}`.matchAll(/^undefined symbol: (\S+?)(?:, version (\S+))?\t\((.*)\)/gm);
  const symbols = [...lines].map(
    ([, name, version, file]) => `${name}${version ? `@${version}` : ''} of ${file}`,
  );
  return [...new Set(symbols)].sort();
}

/** The versions that a trace reports as missing. */
export function missingVersionsIn({ stdout, stderr }: ProgramOutput): string[] {
  const all = `${stdout}\n${stderr}`.matchAll(/version [`'](\S+)' not found \(required by/g);
  return [...new Set([...all].map(([, version]) => version!))].sort();
}
