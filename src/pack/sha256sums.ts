/** A line as sha256sum(1) writes it: digest, space, space or `*`, name. */
const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/** Reads a SHA256SUMS: digests in hexadecimal by file name. The first of several lines for one file counts. */
export function parseSums(text: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, digest, name] = LINE.exec(line) ?? [];
    if (name !== undefined && !sums.has(name)) sums.set(name, digest!);
  }
  return sums;
}

/** Adds or replaces the line of a file. Lines with digests are sorted by name; all other lines stay, in front of them. */
export function withSum(sums: string, fileName: string, sha256: string): string {
  const others = sums.split('\n').filter(line => line !== '' && nameIn(line) !== fileName);
  const listed = [...others.filter(line => nameIn(line) !== undefined), `${sha256}  ${fileName}`];
  const rest = others.filter(line => nameIn(line) === undefined);
  return [...rest, ...listed.sort(byName)].map(line => `${line}\n`).join('');
}

/** Removes the lines of some files. */
export function withoutSums(sums: string, fileNames: readonly string[]): string {
  if (fileNames.length === 0) return sums;
  return sums
    .split('\n')
    .filter(line => !fileNames.includes(nameIn(line) ?? ''))
    .join('\n');
}

function nameIn(line: string): string | undefined {
  return LINE.exec(line)?.[2];
}

function byName(a: string, b: string): number {
  return nameIn(a)! < nameIn(b)! ? -1 : 1;
}
