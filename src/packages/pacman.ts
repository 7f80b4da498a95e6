import { follow } from '../view/follow.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { type Database, isPackageName, listedPath, type Package, pinsIn } from './package.ts';

const PLACE = '/var/lib/pacman/local';

/** The base system of Arch Linux: pacman itself marks no package. */
const ESSENTIAL: ReadonlySet<string> = new Set([
  'base',
  'bash',
  'coreutils',
  'filesystem',
  'glibc',
  'iana-etc',
  'linux-api-headers',
  'systemd',
  'tzdata',
]);

/** Reads pacman's local database: a directory for each package, with the files `desc`, `files` and perhaps `install`. */
export function pacmanDatabase(view: View): Database | undefined {
  const real = follow(view, PLACE).path;
  if (real === undefined) return undefined;
  const directories = new Map<Package, string>();
  for (const [name, kind] of view.list(real)) {
    if (kind !== 'directory') continue;
    const owner = packageIn(readText(view, `${real}/${name}/desc`) ?? '');
    if (owner) directories.set(owner, `${real}/${name}`);
  }
  if (directories.size === 0) return undefined;
  const textOf = (owner: Package, file: string) => readText(view, `${directories.get(owner)}/${file}`);
  return {
    type: 'alpm',
    place: PLACE,
    packages: [...directories.keys()],
    filesOf: owner =>
      (blocksOf(textOf(owner, 'files') ?? '').get('FILES') ?? []).flatMap(path =>
        listedPath(path.replace(/\/$/, '')),
      ),
    scriptsOf: owner => {
      const text = textOf(owner, 'install');
      return text === undefined ? [] : [{ name: 'install', path: `${directories.get(owner)}/install`, text }];
    },
  };
}

function packageIn(text: string): Package | undefined {
  const blocks = blocksOf(text);
  const [name = ''] = blocks.get('NAME') ?? [];
  if (!isPackageName(name)) return undefined;
  return {
    name,
    version: blocks.get('VERSION')?.[0] ?? '',
    architecture: blocks.get('ARCH')?.[0] ?? '',
    source: blocks.get('BASE')?.[0] ?? name,
    sourceVersion: blocks.get('VERSION')?.[0] ?? '',
    licences: blocks.get('LICENSE') ?? [],
    essential: ESSENTIAL.has(name),
    depends: namesIn(blocks, 'DEPENDS').map(dependency => [dependency]),
    pins: pinsIn(blocks.get('DEPENDS') ?? []),
    recommends: [],
    provides: namesIn(blocks, 'PROVIDES'),
  };
}

function namesIn(blocks: ReadonlyMap<string, readonly string[]>, key: string): string[] {
  return (blocks.get(key) ?? []).map(text => text.split(/[<>=]/, 1)[0]!);
}

/** Reads `%NAME%`, its lines, and an empty line. */
function blocksOf(text: string): Map<string, string[]> {
  const blocks = new Map<string, string[]>();
  let lines: string[] | undefined;
  for (const line of text.split('\n'))
    if (line.length > 2 && line.startsWith('%') && line.endsWith('%'))
      blocks.set(line.slice(1, -1), (lines = []));
    else if (line === '') lines = undefined;
    else lines?.push(line);
  return blocks;
}
