import { follow } from '../view/follow.ts';
import { join } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { linesIn, stanzasIn } from './lines.ts';
import {
  type Database,
  isPackageName,
  listedPath,
  type MaintainerScript,
  type Package,
  type Pin,
} from './package.ts';

const PLACE = '/var/lib/dpkg';
/** The states in which the root has no files of a package (dpkg(1), “Package states”). */
const GONE: ReadonlySet<string> = new Set(['not-installed', 'config-files']);

/** Reads the database of dpkg; an image without dpkg, such as a distroless one, has a file of `status.d` for each package. */
export function dpkgDatabase(view: View): Database | undefined {
  const status = readText(view, `${PLACE}/status`);
  const separate = namesIn(view, `${PLACE}/status.d`).filter(name => !name.endsWith('.md5sums'));
  const packages: Package[] = [];
  for (const stanza of stanzasIn(status ?? '')) packages.push(...packageIn(stanza));
  for (const name of separate) packages.push(...packageIn(readText(view, `${PLACE}/status.d/${name}`) ?? ''));
  if (packages.length === 0) return undefined;
  const info = new Set(namesIn(view, `${PLACE}/info`));
  const fileOf = ({ name, architecture }: Package, kind: string) =>
    [`${name}:${architecture}.${kind}`, `${name}.${kind}`].find(file => info.has(file));
  const diverted = diversions(view);
  const registered = registry(view);
  return {
    type: 'deb',
    place: PLACE,
    packages,
    filesOf: owner => {
      const list = fileOf(owner, 'list');
      const lines =
        list === undefined
          ? listedSums(readText(view, `${PLACE}/status.d/${owner.name}.md5sums`) ?? '')
          : linesIn(readText(view, `${PLACE}/info/${list}`) ?? '');
      const paths: string[] = [];
      for (const line of [...lines, ...(registered.get(owner.name) ?? [])])
        for (const path of listedPath(line)) {
          const diversion = diverted.get(path);
          paths.push(diversion === undefined || diversion.by === owner.name ? path : diversion.to);
        }
      return paths;
    },
    scriptsOf: owner =>
      ['preinst', 'postinst'].flatMap((kind): MaintainerScript[] => {
        const file = fileOf(owner, kind);
        if (file === undefined) return [];
        const path = `${PLACE}/info/${file}`;
        return [{ name: kind, path, text: readText(view, path) ?? '' }];
      }),
  };
}

function namesIn(view: View, place: string): string[] {
  const directory = follow(view, place);
  return directory.path === undefined ? [] : [...view.list(directory.path).keys()].sort();
}

function packageIn(stanza: string): Package[] {
  if (!stanza.includes('Package:')) return [];
  const fields = fieldsOf(stanza);
  const field = (name: string) => fields.get(name) ?? '';
  const [name, version] = [field('Package'), field('Version')];
  if (!isPackageName(name) || version === '') return [];
  if (GONE.has(field('Status').split(' ')[2] ?? '')) return [];
  // the version is there only if it differs (deb-control(5))
  const [source = '', sourceVersion = ''] = field('Source').split(' ');
  return [
    {
      name,
      version,
      architecture: field('Architecture'),
      source: source || name,
      sourceVersion: /^\((.*)\)$/.exec(sourceVersion)?.[1] || version,
      licences: [],
      essential: field('Essential') === 'yes' || field('Priority') === 'required',
      depends: [...relations(field('Pre-Depends')), ...relations(field('Depends'))],
      pins: [...pins(field('Pre-Depends')), ...pins(field('Depends'))],
      recommends: relations(field('Recommends')),
      provides: relations(field('Provides')).flat(),
    },
  ];
}

/** The fields of a stanza that fill one line (deb822(5)). */
function fieldsOf(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of linesIn(stanza)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith(' ')) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** Reads `a (>= 1) | b, c:any` (deb-control(5)), without the versions. */
function relations(text: string): string[][] {
  return text
    .split(',')
    .map(part => part.split('|').map(alternative => alternative.trim().split(/[\s(:[]/, 1)[0]!))
    .map(names => names.filter(isPackageName))
    .filter(names => names.length > 0);
}

/** Reads the relations of the form `a (= 1)` that have no alternatives. */
function pins(text: string): Pin[] {
  if (!text.includes('(=')) return [];
  return text.split(',').flatMap(part => {
    const [, name = '', version = ''] = /^\s*([^\s(:[|]+)(?::\w+)?\s*\(=\s*([^\s)]+)\)\s*$/.exec(part) ?? [];
    return isPackageName(name) ? [{ name, version }] : [];
  });
}

/** The paths of a file of digests: `DIGEST  usr/bin/app`. */
function listedSums(text: string): string[] {
  return [...linesIn(text)].flatMap(line => {
    const at = line.indexOf('  ');
    return at < 0 ? [] : [line.slice(at + 2)];
  });
}

/** The diverted paths: three lines each, `:` for an administrator (dpkg-divert(1)). */
function diversions(view: View): Map<string, { readonly to: string; readonly by: string }> {
  const lines = [...linesIn(readText(view, join(PLACE, 'diversions')) ?? '')];
  const found = new Map<string, { readonly to: string; readonly by: string }>();
  for (let at = 0; at + 2 < lines.length; at += 3)
    for (const to of listedPath(lines[at + 1]!)) found.set(lines[at]!, { to, by: lines[at + 2]! });
  return found;
}

/** The configuration files that scripts of packages make with ucf(1), by package: `PACKAGE PATH` in each line. */
function registry(view: View): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of linesIn(readText(view, '/var/lib/ucf/registry') ?? '')) {
    const [owner = '', path = ''] = line.split(/\s+/);
    if (path.startsWith('/')) void (found.get(owner)?.push(path) ?? found.set(owner, [path]));
  }
  return found;
}
