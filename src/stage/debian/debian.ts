import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { inPrivateDirectory } from '../../io/private-directory.ts';
import type { Progress } from '../../io/progress.ts';
import { requireTool } from '../../io/probe.ts';
import { isPackageName } from '../../packages/package.ts';
import type { StagedPackage } from '../../view/stage-record.ts';
import { spellingsOf } from '../architecture.ts';
import { notAPackage } from '../source.ts';
import type { SourceResult, StageOptions } from '../staged.ts';
import { PACKAGE, type Staging } from '../staging.ts';
import { badArchive, type TarEntry } from '../tar-entry.ts';
import type { TarSink } from '../tar-reader.ts';
import { downloadPackages, offeredVersions, type OfferedVersion, type PackageFile } from './apt.ts';
import { sourcesList } from './archive.ts';
import { type Installed, writeDatabase } from './database.ts';
import { cacheDirectory } from './package-cache.ts';
import { membersOf, type PackageMembers, readMembers } from './package-file.ts';
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
  await requireTool('apt-get');
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

/** Unpacks packages into a root, in order. */
async function unpackAll(
  files: readonly PackageFile[],
  staging: Staging,
  say: Progress,
): Promise<Installed[]> {
  const members: PackageMembers[] = [];
  for (const { file } of files) members.push(await membersOf(file));
  const infos = files.map(() => new Map<string, Buffer>());
  await readMembers(
    members.map(({ control }) => control),
    index => collector(infos[index]!),
  );
  const paths = files.map((): string[] => []);
  await readMembers(
    members.map(({ data }) => data),
    index => {
      say.step(`unpacking ${path.basename(files[index]!.file)}`, { number: index + 1, total: files.length });
      const add = staging.layer(PACKAGE);
      return (entry, at) => {
        paths[index]!.push(listed(entry));
        mergeUsr(entry, staging);
        return add(entry, at);
      };
    },
  );
  return files.map(({ sha256 }, index) => installedFrom(infos[index]!, paths[index]!, sha256));
}

/** In bytes. They are kept in memory. */
const MAX_CONTROL = 16 * 1024 * 1024;

/** Returns what keeps the contents of files, by name without a leading `./`. */
function collector(files: Map<string, Buffer>): TarSink {
  return ({ type, name, size }) => {
    if (type !== 'file') return undefined;
    if (size > MAX_CONTROL) throw badArchive(`a control file has ${size} bytes`);
    const bytes = Buffer.alloc(size);
    return {
      write: (piece, at) => bytes.set(piece, at),
      end: () => void files.set(name.replace(/^\.?\//, ''), bytes),
    };
  };
}

function installedFrom(
  info: ReadonlyMap<string, Buffer>,
  paths: readonly string[],
  sha256: string,
): Installed {
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
