import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { basename, join, parent } from '../view/path.ts';
import { readText, textParser } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { isTrue } from './boolean.ts';

/** Where systemd looks for system units, in order of precedence (systemd.unit(5)). */
const PLACES = [
  '/etc/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** A unit file or a drop-in. */
export interface UnitFile {
  /** Of the unit: `app.service`, for `app.service.d/10-more.conf` too. */
  readonly name: string;
  readonly path: string;
  readonly isDropIn: boolean;
  readonly settings: readonly Setting[];
}

/** A line `Key=value` of a unit file. */
export interface Setting {
  /** Without brackets; empty before the first section. */
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** A link such as `multi-user.target.wants/app.service`. */
export interface UnitLink {
  readonly path: string;
  readonly from: string;
  readonly how: 'wants' | 'requires' | 'upholds';
  readonly to: string;
}

/** The unit files and drop-ins of a root. Links that give a unit another name are not among them. */
export function unitFiles(view: View): readonly UnitFile[] {
  return filesOf(view, '/');
}

const filesOf = memoised((view): readonly UnitFile[] => {
  const found = new Map<string, UnitFile>();
  const aliases = aliasesOf(view, '/');
  for (const { path, directory, kind } of entriesOf(view)) {
    const isMask = kind === 'link' && directory === undefined && view.readlink(path) === '/dev/null';
    if (kind === 'link' && follow(view, path).path === undefined && !isMask) continue;
    const name = basename(path);
    if (directory === undefined && aliases.has(name)) continue;
    const isDropIn = directory?.endsWith('.d') === true && name.endsWith('.conf');
    if (!isDropIn && (directory !== undefined || !/\.[a-z]+$/.test(name))) continue;
    const settings = settingsAt(view, path) ?? [];
    const of = isDropIn ? directory.slice(0, -2) : name;
    found.set(path, { name: aliases.get(of) ?? of, path, isDropIn, settings });
  }
  return [...found.values()];
});

/** Returns the unit files and drop-ins of each unit, by its name, in the order of `unitFiles`. */
const filesByName = memoised((view): ReadonlyMap<string, readonly UnitFile[]> => {
  const found = new Map<string, UnitFile[]>();
  for (const unit of unitFiles(view)) {
    const files = found.get(unit.name);
    if (files) files.push(unit);
    else found.set(unit.name, [unit]);
  }
  return found;
});

/** The name under which systemd knows a unit: a link to another unit file gives that unit a second name (systemd.unit(5)). */
export function unitNamed(view: View, name: string): string {
  return aliasesOf(view, '/').get(name) ?? name;
}

const aliasesOf = memoised((view): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const { path, directory, kind } of entriesOf(view)) {
    const name = basename(path);
    if (kind !== 'link' || directory !== undefined || found.has(name)) continue;
    const target = follow(view, path).path;
    // a link to a template starts an instance of it
    if (target === undefined || !PLACES.includes(parent(target)) || target.includes('@.')) continue;
    if (basename(target) !== name) found.set(name, basename(target));
  }
  return found;
});

/** The links of a root in directories such as `multi-user.target.wants`. */
export function unitLinks(view: View): UnitLink[] {
  return entriesOf(view).flatMap(({ path, directory = '' }) => {
    const match = /^(.*)\.(wants|requires|upholds)$/.exec(directory);
    if (!match) return [];
    return [{ path, from: match[1]!, how: match[2] as UnitLink['how'], to: basename(path) }];
  });
}

/** The values of a setting in their order; an empty value discards the earlier ones. */
export function valuesOf({ settings }: Pick<UnitFile, 'settings'>, section: string, key: string): string[] {
  const values: string[] = [];
  for (const setting of settings) {
    if (setting.section !== section || setting.key !== key) continue;
    if (setting.value === '') values.length = 0;
    else values.push(setting.value);
  }
  return values;
}

/** The values of a setting that lists names separated by white space. */
export function namesIn(unit: Pick<UnitFile, 'settings'>, section: string, key: string): string[] {
  return valuesOf(unit, section, key).flatMap(value => value.split(/\s+/));
}

function entriesOf(view: View) {
  return PLACES.flatMap(place =>
    follow(view, place).path === place
      ? [...walk(view, place)].flatMap(({ path, kind }) => {
          const parts = path.slice(place.length + 1).split('/');
          if (kind === 'directory' || kind === 'other' || parts.length > 2) return [];
          return [
            {
              path: join(place, parts.join('/')),
              kind,
              directory: parts.length === 2 ? parts[0] : undefined,
            },
          ];
        })
      : [],
  );
}

const settingsAt = textParser(parseSettings);

/**
 * The settings of a unit file in their order (systemd.syntax(7); systemd src/shared/conf-parser.c, config_parse). Lines
 * that begin with `#` or `;` are comments, even between a line and its continuation; an unescaped backslash at the end
 * of a line continues it and counts as a space.
 */
export function parseSettings(text: string): Setting[] {
  const settings: Setting[] = [];
  let section = '';
  const addLine = (line: string) => {
    const header = /^\[(.+)\]$/.exec(line.trim());
    if (header) section = header[1]!;
    const [, key, value] = (header ? undefined : /^([^=]+)=(.*)$/s.exec(line)) ?? [];
    if (key !== undefined) settings.push({ section, key: key.trim(), value: value!.trim() });
  };
  let continued = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*[#;]/.test(line)) continue;
    const backslashes = /\\*$/.exec(line)![0].length;
    if (backslashes % 2 === 1) {
      continued += `${line.slice(0, -1)} `;
      continue;
    }
    addLine(continued + line);
    continued = '';
  }
  addLine(continued);
  return settings;
}

/**
 * A unit with all its settings: those of its file with the highest precedence, then those of its drop-ins in the order
 * of their names; an instance without a file of its own is that of its template (systemd.unit(5)). `undefined`: there is
 * no such file.
 */
export const wholeUnit = memoised((view, name): UnitFile | undefined => {
  const own = unitNamed(view, name);
  const template = own.replace(/@.+\./, '@.');
  const byName = filesByName(view, '/');
  const files = [...(byName.get(own) ?? []), ...((template !== own && byName.get(template)) || [])];
  const main = files.find(({ isDropIn }) => !isDropIn);
  const dropIns = new Map<string, UnitFile>();
  for (const file of files)
    if (file.isDropIn && !dropIns.has(basename(file.path))) dropIns.set(basename(file.path), file);
  const inOrder = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
  const first = main ?? inOrder[0];
  if (!first) return undefined;
  const settings = [...(main?.settings ?? []), ...inOrder.flatMap(file => file.settings)];
  return { ...first, name, settings };
});

/** The file that masks a unit, so that nothing can start it: a link to /dev/null, or an empty file (systemd.unit(5)). */
export function maskOf(view: View, name: string): string | undefined {
  const files = filesByName(view, '/').get(unitNamed(view, name));
  const main = files?.find(({ isDropIn }) => !isDropIn);
  return main?.settings.length === 0 && (readText(view, main.path) ?? '').trim() === ''
    ? main.path
    : undefined;
}

/** The effective value of a boolean setting. */
export function isOn(unit: UnitFile, section: string, key: string, otherwise: boolean): boolean {
  const value = valuesOf(unit, section, key).at(-1);
  return value === undefined ? otherwise : isTrue(value);
}
