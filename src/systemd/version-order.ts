/** What strverscmp_improved skips, and the two kinds of segments that it compares. */
const FOREIGN = /^[^0-9A-Za-z~^.-]+/;
const NUMBER = /^[0-9]*/;
const LETTERS = /^[A-Za-z]*/;

/**
 * Compares names or versions as systemd does when it orders extensions (src/fundamental/string-util-fundamental.c,
 * strverscmp_improved): by segments of digits and letters; the separator `~` sorts first, then `-`, `^` and `.`.
 *
 * @returns negative if `a` is older
 */
export function compareAsSystemd(a: string, b: string): number {
  let [left, right] = [a, b];
  if (left === '' || right === '') return compare(left, right);
  for (;;) {
    left = left.replace(FOREIGN, '');
    right = right.replace(FOREIGN, '');
    for (const separator of ['~', '-', '^', '.']) {
      // a name that ends here is newer than its pre-releases, and older than every other continuation
      if (separator === '-' && (left === '' || right === '')) return compare(left, right);
      const [here, there] = [left.startsWith(separator), right.startsWith(separator)];
      if (here !== there) return here ? -1 : 1;
      if (here) [left, right] = [left.slice(1), right.slice(1)];
    }
    const numeric = /^[0-9]/.test(left) || /^[0-9]/.test(right);
    if (numeric) [left, right] = [left.replace(/^0+/, ''), right.replace(/^0+/, '')];
    const segment = numeric ? NUMBER : LETTERS;
    const [one, other] = [segment.exec(left)![0], segment.exec(right)![0]];
    const order = numeric ? one.length - other.length || compare(one, other) : compare(one, other);
    if (order !== 0) return order;
    left = left.slice(one.length);
    right = right.slice(other.length);
  }
}

/** The only characters of a version that systemd takes from a file name (src/basic/string-util.c, version_is_valid). */
const VERSION = /^[0-9A-Za-z.,_+-]+$/;

/** Returns whether systemd-sysupdate and directories of versions recognise a version. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
