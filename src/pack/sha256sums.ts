/** A line as sha256sum(1) writes it: digest, space, space or `*`, name. */
const LINE = /^[0-9a-f]{64} [ *](.+)$/;

function nameOf(line: string): string | undefined {
  return LINE.exec(line)?.[1];
}

/** Whether a SHA256SUMS has a line for the file. */
export function listsFile(sums: string, fileName: string): boolean {
  return sums.split('\n').some(line => nameOf(line) === fileName);
}

/** SHA256SUMS with the file's line added or replaced, sorted by name; whatever else it holds is kept, in front. */
export function withSum(sums: string, fileName: string, sha256: string): string {
  const others = sums.split('\n').filter(line => line !== '' && nameOf(line) !== fileName);
  const named = [...others.filter(line => nameOf(line) !== undefined), `${sha256}  ${fileName}`];
  const rest = others.filter(line => nameOf(line) === undefined);
  return [...rest, ...named.sort(byName)].map(line => `${line}\n`).join('');
}

/** SHA256SUMS without the lines of some files. */
export function withoutSums(sums: string, fileNames: readonly string[]): string {
  if (fileNames.length === 0) return sums;
  return sums
    .split('\n')
    .filter(line => !fileNames.includes(nameOf(line) ?? ''))
    .join('\n');
}

function byName(a: string, b: string): number {
  return nameOf(a)! < nameOf(b)! ? -1 : 1;
}
