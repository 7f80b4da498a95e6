import type { ElfFacts } from '../elf/facts.ts';
import { basename } from '../view/path.ts';
import { compareAsSystemd } from '../systemd/version-order.ts';

/** How one build of a library stands to another. `unlike`: each has what the other lacks. */
export type Age = 'newer' | 'older' | 'as old' | 'unlike' | 'unknown';

interface Build {
  readonly real: string;
  readonly facts: ElfFacts;
}

/**
 * By the symbol versions that they define; where these are the same, by the version in the name of the file
 * (`libz.so.1.3.1`).
 */
export function compareBuilds(one: Build, other: Build): Age {
  const [mine, theirs] = [one, other].map(({ facts }) => facts.versions?.defines ?? []) as [
    string[],
    string[],
  ];
  const more = mine.some(version => !theirs.includes(version));
  const less = theirs.some(version => !mine.includes(version));
  if (more && less) return 'unlike';
  if (more || less) return more ? 'newer' : 'older';
  return byName(one.real, other.real);
}

function byName(one: string, other: string): Age {
  const [mine, theirs] = [one, other].map(path => /\.so\.(\d[\d.]*)$/.exec(basename(path))?.[1]);
  if (mine === undefined || theirs === undefined) return 'unknown';
  // a soname's number alone says nothing
  if (!mine.includes('.') && !theirs.includes('.')) return 'unknown';
  const order = compareAsSystemd(mine, theirs);
  if (order === 0) return 'as old';
  return order > 0 ? 'newer' : 'older';
}
