export const BLOCK = 512;
/** The largest size that fits into eleven octal digits. */
const MAX_SIZE = 0o77777777777;

/** An entry of an archive. */
export interface TarEntry {
  readonly path: string;
  readonly type: '0' | '1' | '2' | '5';
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly link: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** The header of an entry, preceded by an extended header for values that do not fit into it. */
export function header(entry: TarEntry): Buffer {
  const path = entry.path === '' || entry.path === '/' ? './' : entry.path;
  const records = [
    ...(fits(path, 100) ? [] : [record('path', path)]),
    ...(fits(entry.link, 100) ? [] : [record('linkpath', entry.link)]),
    ...(entry.size > MAX_SIZE ? [record('size', `${entry.size}`)] : []),
    ...[...entry.attributes].map(([name, value]) => record(`SCHILY.xattr.${name}`, value)),
  ];
  const main = ustar({ ...entry, path });
  if (records.length === 0) return main;
  const extended = Buffer.concat(records);
  const before = ustar({ ...entry, path: 'pax', type: 'x', mode: 0o644, size: extended.length, link: '' });
  return Buffer.concat([before, extended, padding(extended.length), main]);
}

function fits(text: string, bytes: number): boolean {
  return Buffer.byteLength(text) <= bytes && /^[\x20-\x7e]*$/.test(text);
}

/** A record `LENGTH KEY=VALUE\n`, whose length includes the length itself. */
function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length++;
  return Buffer.concat([Buffer.from(`${length}`), rest]);
}

function ustar({
  path,
  type,
  mode,
  size,
  mtime,
  link,
}: Omit<TarEntry, 'type' | 'attributes'> & { type: string }): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(path, 0, 100, 'utf8');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size > MAX_SIZE ? 0 : size, 124, 12);
  octal(mtime, 136, 12);
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(link, 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  octal(0, 329, 8);
  octal(0, 337, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Zeros that fill an entry up to the next block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
