import type { Database } from './package.ts';

/** Compares two versions as the package manager of a database does: negative if the first is older. */
export function compareVersions(type: Database['type'], a: string, b: string): number {
  return ORDERS[type](a, b);
}

/**
 * Whether an installed version satisfies the dependency `= demanded`. rpm and pacman compare the release only if both have
 * one (rpm lib/rpmds.c, rpmdsCompareEVR; pacman lib/libalpm/version.c, alpm_pkg_vercmp).
 *
 * @param type `undefined`: unknown, as in a host profile; a demanded version without a release then accepts each
 */
export function isSameVersion(
  type: Database['type'] | undefined,
  version: string,
  demanded: string,
): boolean {
  if (type === undefined) return version === demanded || withoutRelease(version) === demanded;
  const shortened = type === 'rpm' && !demanded.includes('-') ? withoutRelease(version) : version;
  return compareVersions(type, shortened, demanded) === 0;
}

function withoutRelease(version: string): string {
  return version.replace(/-[^-]*$/, '');
}

type Order = (a: string, b: string) => number;

const ORDERS: Readonly<Record<Database['type'], Order>> = {
  deb: (a, b) => compareParts(a, b, dpkgOrder, undefined),
  rpm: (a, b) => compareParts(a, b, rpmOrder, -1),
  alpm: (a, b) => compareParts(a, b, pacmanOrder, 0),
  apk: apkOrder,
};

/** Compares `EPOCH:VERSION-RELEASE`. @param lacking the result if only the first lacks a release; `undefined`: it counts as empty */
function compareParts(a: string, b: string, order: Order, lacking: number | undefined): number {
  const parts = (text: string) => {
    const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(text)!;
    const dash = rest.lastIndexOf('-');
    return dash < 0
      ? { epoch, version: rest, release: undefined }
      : { epoch, version: rest.slice(0, dash), release: rest.slice(dash + 1) };
  };
  const [left, right] = [parts(a), parts(b)];
  const releases = () => {
    const [one, two] = [left.release, right.release];
    if (lacking === undefined || (one !== undefined && two !== undefined)) return order(one ?? '', two ?? '');
    return one === two ? 0 : one === undefined ? lacking : -lacking;
  };
  return compareNumbers(left.epoch, right.epoch) || order(left.version, right.version) || releases();
}

/** Compares digits of any length. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a, b].map(text => text.replace(/^0+/, '')) as [string, string];
  return left.length - right.length || compareTexts(left, right);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const PIECES = /\d+|\D+/g;

/** dpkg lib/dpkg/version.c, verrevcmp: a tilde sorts before everything, even the end; letters before other characters. */
function dpkgOrder(a: string, b: string): number {
  const weight = (character: string | undefined) => {
    if (character === undefined || /\d/.test(character)) return 0;
    if (character === '~') return -1;
    return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
  };
  const [left, right]: [string[], string[]] = [a.match(PIECES) ?? [], b.match(PIECES) ?? []];
  // both begin with text that may be empty, so that text meets text and numbers meet numbers
  for (const pieces of [left, right]) if (/^\d/.test(pieces[0] ?? '')) pieces.unshift('');
  for (let at = 0; at < Math.max(left.length, right.length); at += 2) {
    const [texts, numbers] = [at, at + 1].map(index => [left[index] ?? '', right[index] ?? ''] as const) as [
      readonly [string, string],
      readonly [string, string],
    ];
    for (let i = 0; i < Math.max(texts[0].length, texts[1].length); i++) {
      const difference = weight(texts[0][i]) - weight(texts[1][i]);
      if (difference !== 0) return difference;
    }
    const difference = compareNumbers(...numbers);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** rpm rpmio/rpmvercmp.c: `~` sorts before the end, `^` after it and before everything else. */
function rpmOrder(a: string, b: string): number {
  const tokens = (text: string) => text.match(/\d+|[A-Za-z]+|[~^]/g) ?? [];
  const [left, right] = [tokens(a), tokens(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, two] = [left[at], right[at]];
    if (one === '~' || two === '~') {
      if (one !== two) return one === '~' ? -1 : 1;
    } else if (one === '^' || two === '^') {
      if (one === two) continue;
      if (one === undefined) return -1;
      if (two === undefined) return 1;
      return one === '^' ? -1 : 1;
    } else if (one === undefined || two === undefined) return one === undefined ? -1 : 1;
    else {
      const difference = compareTokens(one, two);
      if (difference !== 0) return difference;
    }
  }
  return 0;
}

/** Numbers are newer than letters. */
function compareTokens(one: string, two: string): number {
  const [isNumber, isOther] = [one, two].map(token => /^\d/.test(token)) as [boolean, boolean];
  if (isNumber !== isOther) return isNumber ? 1 : -1;
  return isNumber ? compareNumbers(one, two) : compareTexts(one, two);
}

/** pacman lib/libalpm/version.c, rpmvercmp: more separators are newer, and letters at the end older than nothing. */
function pacmanOrder(a: string, b: string): number {
  const tokens = (text: string) => [...text.matchAll(/([^A-Za-z\d]*)(\d+|[A-Za-z]+|$)/g)];
  const [left, right] = [tokens(a), tokens(b)];
  for (let at = 0; ; at++) {
    const [, before = '', one = ''] = left[at] ?? [];
    const [, separator = '', two = ''] = right[at] ?? [];
    if (one === '' || two === '') {
      // separators are skipped only where both have something left
      const isSkipped = before + one !== '' && separator + two !== '';
      const [rest, other] = isSkipped ? [one, two] : [before + one, separator + two];
      if (rest === other) return 0;
      return (rest === '' && !/^[A-Za-z]/.test(other)) || /^[A-Za-z]/.test(rest) ? -1 : 1;
    }
    const difference = before.length - separator.length || compareTokens(one, two);
    if (difference !== 0) return difference;
  }
}

/** Suffixes before and after a release (apk-tools doc/apk-package.5.scd, “pkgver”). */
const SUFFIXES = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];

/** Compares `NUMBER.NUMBER…LETTER_SUFFIXNUMBER…-rNUMBER`. */
function apkOrder(a: string, b: string): number {
  const parts = (text: string) => {
    const [, numbers = '', letter = '', suffixes = '', revision = '0'] =
      /^(\d+(?:\.\d+)*)?([a-z])?((?:_[a-z]+\d*)*)(?:~[0-9a-f]+)?(?:-r(\d+))?/.exec(text)!;
    return {
      numbers: numbers.split('.'),
      letter,
      suffixes: [...suffixes.matchAll(/_([a-z]+)(\d*)/g)].map(
        ([, name, number]) => [name!, number || '0'] as const,
      ),
      revision,
    };
  };
  const [left, right] = [parts(a), parts(b)];
  for (let at = 0; at < Math.max(left.numbers.length, right.numbers.length); at++) {
    const [one, two] = [left.numbers[at], right.numbers[at]];
    if (one === undefined || two === undefined) return one === undefined ? -1 : 1;
    // after the first, a number with a leading zero is a fraction
    const isFraction = at > 0 && (one.startsWith('0') || two.startsWith('0'));
    const difference = isFraction ? compareTexts(one, two) : compareNumbers(one, two);
    if (difference !== 0) return difference;
  }
  const letters = compareTexts(left.letter, right.letter);
  if (letters !== 0) return letters;
  for (let at = 0; at < Math.max(left.suffixes.length, right.suffixes.length); at++) {
    const [name, number] = left.suffixes[at] ?? ['', '0'];
    const [other, otherNumber] = right.suffixes[at] ?? ['', '0'];
    const difference =
      SUFFIXES.indexOf(name) - SUFFIXES.indexOf(other) || compareNumbers(number, otherNumber);
    if (difference !== 0) return difference;
  }
  return compareNumbers(left.revision, right.revision);
}
