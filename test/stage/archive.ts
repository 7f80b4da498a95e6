/** Archives made by the tests, with everything that a hostile one may contain. */

const BLOCK = 512;

export interface Member {
  readonly name: string;
  readonly type?: string;
  readonly content?: string | Uint8Array;
  /** Stated in the header instead of the length of the content. */
  readonly size?: number;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  /** Records of an extended header that precedes it. */
  readonly pax?: readonly (readonly [string, string | Uint8Array])[];
  /** Bytes to put into the header block, by offset. */
  readonly raw?: readonly (readonly [number, Uint8Array])[];
}

export function tar(...members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(memberBytes), Buffer.alloc(2 * BLOCK)]);
}

export function memberBytes(member: Member): Buffer {
  const { pax, content = '' } = member;
  const extended = pax === undefined ? [] : [memberBytes({ name: 'pax', type: 'x', content: paxBytes(pax) })];
  const bytes = Buffer.from(content as string);
  return Buffer.concat([...extended, header(member, bytes.length), bytes, padding(bytes.length)]);
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export function paxBytes(records: readonly (readonly [string, string | Uint8Array])[]): Buffer {
  return Buffer.concat(
    records.map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.from('\n')]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length++;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

function header(member: Member, length: number): Buffer {
  const { name, type = '0', link = '', mode = 0o644, uid = 0, gid = 0, mtime = 0, raw = [] } = member;
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, size: number) =>
    block.write(`${value.toString(8).padStart(size - 1, '0')}\0`, at, 'latin1');
  block.write(name, 0, 100, 'utf8');
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(member.size ?? length, 124, 12);
  octal(mtime, 136, 12);
  block.write(type, 156, 'latin1');
  block.write(link, 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  for (const [at, bytes] of raw) block.set(bytes, at);
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Yields bytes in pieces of some length, in one buffer that is used again, as files are read. */
export async function* pieces(bytes: Uint8Array, length = 1000): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at < bytes.length; at += length) {
    await Promise.resolve();
    const piece = bytes.subarray(at, at + length);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
  }
}
