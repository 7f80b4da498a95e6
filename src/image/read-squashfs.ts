import { run } from '../io/spawn.ts';
import { fileReader } from '../view/file-reader.ts';
import type { Kind } from '../view/view.ts';
import { type ImageEntry, EntryBudget, hostile } from './entry.ts';
import { EntryTable } from './entry-table.ts';
import { type FileSystemReader, LIST_MS } from './reader.ts';
import { squashfsAttributes } from './squashfs/attributes.ts';
import { squashfsContents } from './squashfs/contents.ts';
import { limited } from './tool-limit.ts';
import { unsquash } from './squashfs/decompress.ts';

/** Matches `drwxr-xr-x 0/0   26 2026-11-25 00:47 squashfs-root/usr`; a device has two numbers instead of the size. */
const LINE =
  /^([-dlbcps])([-rwxsStT]{9}) (\d+)\/(\d+) +(?:(\d+), *)?(\d+) (\d{4}-\d\d-\d\d \d\d:\d\d) squashfs-root(.*)$/s;
/** How unsquashfs names a compressor that it was built without. */
const UNSUPPORTED = /Filesystem uses (\w+ compression), this is unsupported/;
const KINDS: Readonly<Record<string, Kind>> = { '-': 'file', d: 'directory', l: 'link' };

export const squashfsReader: FileSystemReader = {
  tools: ['unsquashfs'],
  async list(file) {
    const { stdout } = await limited('unsquashfs', UNSUPPORTED, () =>
      run('unsquashfs', ['-lln', file], { timeoutMs: LIST_MS }),
    );
    const listed: ImageEntry[] = [];
    const budget = new EntryBudget();
    for (const line of linesOf(stdout)) {
      const entry = parseLine(line);
      if (!entry) continue;
      budget.take(entry.path.length);
      if (entry.link !== undefined) budget.takeLink(entry.link.length);
      listed.push(entry);
    }
    const found = await attributesOf(file, new Set(listed.map(({ path }) => path)));
    const entries = new EntryTable();
    for (const [place, entry] of listed.entries()) {
      const attributes = found.get(entry.path);
      entries.add({ ...entry, ...(attributes && { attributes }) }, place);
    }
    return entries;
  },
  check: () => Promise.resolve(undefined),
  unpack: (file, directory) => limited('unsquashfs', UNSUPPORTED, () => unsquash(file, directory)),
  open: (file, directory, entries) =>
    limited('unsquashfs', UNSUPPORTED, () => squashfsContents(file, directory, entries)),
};

async function attributesOf(file: string, listed: ReadonlySet<string>) {
  const reader = fileReader(file, file);
  try {
    return await squashfsAttributes(reader, listed);
  } finally {
    reader.close();
  }
}

/** Splits a listing into entries. A line that does not look like an entry continues a name with a line break. */
function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split(/\n(?=[-dlbcps][-rwxsStT]{9} \d+\/\d+ )/);
}

function parseLine(line: string): ImageEntry | undefined {
  const match = LINE.exec(line);
  if (!match) return undefined;
  const [, type, permissions, uid, gid, , size, time, name] = match;
  const kind = KINDS[type!] ?? 'other';
  const entry = {
    kind,
    mode: modeOf(permissions!),
    uid: Number(uid),
    gid: Number(gid),
    size: kind === 'other' ? 0 : Number(size),
    mtime: Date.parse(`${time!.replace(' ', 'T')}Z`) / 1000,
  };
  if (kind !== 'link') return { ...entry, path: name || '/' };
  // the size of a link is the length of its target in bytes, which tells where the target begins
  const bytes = Buffer.from(name!);
  const start = bytes.length - entry.size;
  if (start < 4 || bytes.toString('utf8', start - 4, start) !== ' -> ')
    throw hostile(`the length of the link ${name} is wrong`);
  return { ...entry, path: bytes.toString('utf8', 0, start - 4), link: bytes.toString('utf8', start) };
}

/** `rwsr-xr-x` → 04755 */
function modeOf(text: string): number {
  let mode = 0;
  for (const [i, letter] of text.split('').entries()) {
    if (/[rwxst]/.test(letter)) mode |= 0o400 >> i;
    if (/[sStT]/.test(letter)) mode |= 0o4000 >> ((i - 2) / 3);
  }
  return mode;
}
