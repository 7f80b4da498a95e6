import type { ComparedPackage } from '../audit/outdated.ts';
import { printable } from '../printable.ts';
import { count } from './numbers.ts';
import type { Style } from './style.ts';

/** An extension, and its packages compared with a root. */
export interface ComparedExtension {
  readonly name: string;
  readonly packages: readonly ComparedPackage[];
}

/** Lists the packages of extensions that have newer versions in a root, and counts the others. */
export function outdatedText(extensions: readonly ComparedExtension[], style: Style): string {
  return extensions.map(extension => extensionText(extension, style)).join('');
}

function extensionText({ name, packages }: ComparedExtension, style: Style): string {
  const stale = packages.filter(({ state }) => state === 'newer');
  const others = (['same', 'older', 'absent'] as const).flatMap(state => {
    const number = packages.filter(found => found.state === state).length;
    return number > 0 ? [`${number} ${WORDS[state]}`] : [];
  });
  const concerned = packages.filter(({ advisories }) => advisories.length > 0);
  const heads = [
    stale.length > 0 ? `${count(stale.length, 'package')} outdated` : 'up to date',
    ...(concerned.length > 0 ? [`${count(concerned.length, 'package')} with advisories`] : []),
  ];
  const head = heads.join(', ');
  const lines: string[] = [];
  const unchanged = concerned.filter(({ state }) => state !== 'newer');
  for (const { name: owner, version, available, state, advisories, files } of [...stale, ...unchanged]) {
    lines.push(
      `  ${owner} ${version} ${state === 'newer' ? `-> ${available}` : `(${available === undefined ? 'not there' : 'nothing newer there'})`}`,
    );
    for (const { id, aliases, summary, fixed, solved } of advisories) {
      const names = [id, ...aliases].join(', ');
      const where = solved
        ? `fixed in ${available}`
        : fixed === undefined
          ? 'not fixed'
          : `fixed in ${fixed}`;
      lines.push(`    ${names}: ${where}${summary && `; ${summary}`}`);
    }
    if (state !== 'newer') continue;
    for (const { path, change } of files.slice(0, MAX_FILES)) lines.push(`    ${change.padEnd(7)}  ${path}`);
    if (files.length > MAX_FILES) lines.push(`    and ${files.length - MAX_FILES} more files`);
  }
  const rest = others.length > 0 ? ` (${others.join(', ')})` : '';
  return `${[`${style.strong(printable(name))}: ${head}${rest}`, ...lines.map(line => printable(line))].join('\n')}\n`;
}

/** The number of files that the text shows; --json lists all. */
const MAX_FILES = 5;
const WORDS = { same: 'of the same version', older: 'older there', absent: 'not there' } as const;

/** Returns the comparison as one document, for scripts. */
export function outdatedDocument(extensions: readonly ComparedExtension[]) {
  return {
    schema: 'flix.outdated/1',
    // JSON has no undefined
    extensions: extensions.map(({ name, packages }) => ({
      name,
      packages: packages.map(({ name: owner, version, available = null, state, advisories, files }) => ({
        name: owner,
        version,
        available,
        state,
        advisories: advisories.map(({ fixed = null, ...advisory }) => ({ ...advisory, fixed })),
        files,
      })),
    })),
  };
}
