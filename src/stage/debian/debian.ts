import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { begun, outputOf } from '../../io/piece-stream.ts';
import { inPrivateDirectory } from '../../io/private-directory.ts';
import type { Progress } from '../../io/progress.ts';
import { requireTool } from '../../io/probe.ts';
import { isPackageName } from '../../packages/package.ts';
import type { StagedPackage } from '../../view/stage-record.ts';
import { spellingsOf } from '../architecture.ts';
import { notAPackage } from '../source.ts';
import type { SourceResult, StageOptions } from '../staged.ts';
import { PACKAGE, type Staging } from '../staging.ts';
import type { TarEntry } from '../tar-entry.ts';
import { readTar } from '../tar-reader.ts';
import { downloadPackages, offeredVersions, type OfferedVersion, type PackageFile } from './apt.ts';
import { sourcesList } from './archive.ts';
import { type Installed, writeDatabase } from './database.ts';
import { cacheDirectory } from './package-cache.ts';
import { replaceScripts } from './replace-scripts.ts';

/** Directories of `/` that are links to those of `/usr` in every release since Debian 12. */
const MERGED: ReadonlySet<string> = new Set(['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'libo32']);

/** Unpacks packages of Debian or Ubuntu with their dependencies, and the essential packages. Runs none of their scripts. Throws `FlixError`. */
export async function stageDebian(
  { kind, suite }: { readonly kind: 'debian' | 'ubuntu'; readonly suite: string },
  temporary: string,
  options: StageOptions,
  staging: Staging,
  say: Progress,
): Promise<SourceResult> {
  for (const tool of ['apt-get', 'dpkg-deb']) await requireTool(tool);
  const architecture = spellingsOf(options.arch).debian;
  const sources = sourcesList(kind, suite, architecture, options);
  const packages = options.include.map(packageArgument);
  const { recommends } = options;
  const downloads = path.join(temporary, 'downloads');
  await fs.mkdir(downloads);
  const files = await downloadPackages(
    { sources, architecture, packages, recommends },
    cacheDirectory(temporary),
    downloads,
    say,
  );
  const installed = await unpackAll(files, staging, say);
  writeDatabase(staging, installed, architecture);
  const scripts = replaceScripts(staging, installed);
  const list = installed.map(({ name, version, architecture: of, sha256 }): StagedPackage => ({
    name,
    version,
    architecture: of,
    sha256,
  }));
  const digest = createHash('sha256')
    .update(
      list
        .map(({ sha256 }) => `${sha256}\n`)
        .sort()
        .join(''),
    )
    .digest('hex');
  return {
    writesCache: true,
    source: `${kind}:${suite}`,
    digest: `sha256:${digest}`,
    layers: files.length,
    packages: list,
    scripts,
  };
}

/** Lists the versions of packages that a release of Debian or Ubuntu offers. Throws `FlixError`. */
export async function debianVersions(
  { kind, suite }: { readonly kind: 'debian' | 'ubuntu'; readonly suite: string },
  options: StageOptions,
  say: Progress,
): Promise<OfferedVersion[]> {
  await requireTool('apt-get');
  const architecture = spellingsOf(options.arch).debian;
  const sources = sourcesList(kind, suite, architecture, options);
  const packages = options.include.map(text => packageArgument(text).replace(/=.*/, ''));
  return inPrivateDirectory(temporary =>
    offeredVersions(
      { sources, architecture, packages, recommends: options.recommends },
      cacheDirectory(temporary),
      say,
    ),
  );
}

/** Checks a name, to which a version (`=VERSION`) may be added. Other texts are patterns and operations of apt. */
export function packageArgument(text: string): string {
  const [name = '', version = '1'] = text.split('=');
  // apt would leave out a package whose name ends with a hyphen
  const isName = isPackageName(name.replace(/:[a-z0-9]+$/, '')) && !text.endsWith('-');
  if (isName && /^[\w.+~:-]+$/.test(version)) return text;
  throw notAPackage(text);
}

/** How many packages are decompressed at once: starting dpkg-deb takes longer than writing most packages. */
const AHEAD = 4;

/** Unpacks packages into a root, in order, while dpkg-deb decompresses the next ones. */
async function unpackAll(
  files: readonly PackageFile[],
  staging: Staging,
  say: Progress,
): Promise<Installed[]> {
  const opened: OpenPackage[] = [];
  const installed: Installed[] = [];
  try {
    for (const [at, { file, sha256 }] of files.entries()) {
      for (const ahead of files.slice(opened.length, at + AHEAD)) opened.push(open(ahead.file));
      say.step(`unpacking ${path.basename(file)}`, { number: at + 1, total: files.length });
      installed.push(await unpack(opened[at]!, sha256, staging));
    }
    return installed;
  } finally {
    await Promise.all(opened.slice(installed.length).map(({ data }) => data.return(undefined)));
  }
}

/** The two archives in a package file, while dpkg-deb decompresses them. */
interface OpenPackage {
  /** The control files of the package, by name. */
  readonly info: Promise<ReadonlyMap<string, Buffer>>;
  /** The archive of its files. */
  readonly data: AsyncGenerator<Uint8Array>;
}

function open(file: string): OpenPackage {
  const info = filesIn(outputOf('dpkg-deb', ['--ctrl-tarfile', file]));
  info.catch(() => {}); // unpack awaits it, and throws its error
  return { info, data: begun(outputOf('dpkg-deb', ['--fsys-tarfile', file])) };
}

/** Returns the contents of the files in a tar archive, by name without a leading `./`. */
async function filesIn(archive: AsyncIterable<Uint8Array>): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  await readTar(archive, ({ type, name, size }) => {
    if (type !== 'file') return undefined;
    const bytes = Buffer.alloc(size);
    return {
      write: (piece, at) => bytes.set(piece, at),
      end: () => void files.set(name.replace(/^\.?\//, ''), bytes),
    };
  });
  return files;
}

async function unpack(
  { info: read, data }: OpenPackage,
  sha256: string,
  staging: Staging,
): Promise<Installed> {
  const info = await read;
  const paths: string[] = [];
  await staging.addEntries(data, PACKAGE, entry => {
    paths.push(listed(entry));
    mergeUsr(entry, staging);
  });
  const control = (info.get('control') ?? Buffer.alloc(0)).toString('utf8').trimEnd();
  const field = (name: string) => new RegExp(`^${name}:[ \t]*(.*)$`, 'mi').exec(control)?.[1] ?? '';
  return {
    name: field('Package'),
    version: field('Version'),
    architecture: field('Architecture'),
    isMultiArchSame: field('Multi-Arch') === 'same',
    control,
    info,
    paths,
    sha256,
  };
}

/** Spells a path as dpkg does in its lists: `/.` for the root, without a trailing slash. */
function listed({ name }: TarEntry): string {
  return `/${name.replace(/^\.?\/+/, '').replace(/\/+$/, '') || '.'}`;
}

/** Makes the link `/lib64` before the first package unpacks something there. */
function mergeUsr({ name, type }: TarEntry, { tree }: Staging): void {
  const [, top] = /^(?:\.?\/)?([^/]+)\/?/.exec(name) ?? [];
  if (top === undefined || !MERGED.has(top) || type === 'link') return;
  if (tree.addMissing(`/${top}`, tree.newLink(`usr/${top}`)))
    tree.addMissing(`/usr/${top}`, tree.newDirectory());
}
