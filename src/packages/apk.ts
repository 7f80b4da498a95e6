import { follow } from '../view/follow.ts';
import { readBytes, readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { linesIn, stanzasIn } from './lines.ts';
import {
  type Database,
  isPackageName,
  listedPath,
  type MaintainerScript,
  type Package,
  pinsIn,
} from './package.ts';

/** The second is that of Alpine 3.23 and later. */
const PLACES = ['/lib/apk/db', '/usr/lib/apk/db'];

/** What Alpine’s base system consists of; apk itself marks no package. */
const ESSENTIAL: ReadonlySet<string> = new Set([
  'alpine-base',
  'alpine-baselayout',
  'alpine-baselayout-data',
  'alpine-keys',
  'apk-tools',
  'busybox',
  'busybox-binsh',
  'libc-utils',
  'musl',
  'musl-utils',
]);

/** Reads apk's database of installed packages: a letter and a colon before each value, an empty line between packages. */
export function apkDatabase(view: View): Database | undefined {
  const place = PLACES.find(directory => follow(view, `${directory}/installed`).path !== undefined);
  if (place === undefined) return undefined;
  const read = [...stanzasIn(readText(view, `${place}/installed`) ?? '')].flatMap(readStanza);
  const files = new Map(read.map(({ owner, paths }) => [owner, paths]));
  const scripts = () => scriptsIn(readBytes(view, `${place}/scripts.tar`), `${place}/scripts.tar`);
  let known: ReturnType<typeof scripts> | undefined;
  return {
    type: 'apk',
    place,
    packages: [...files.keys()],
    filesOf: owner => files.get(owner) ?? [],
    scriptsOf: ({ name, version }) =>
      (known ??= scripts()).filter(({ of }) => of === `${name}-${version}`).map(({ script }) => script),
  };
}

/** Reads `P:` name, `F:` directory, `R:` file in that directory, and so on. */
function readStanza(stanza: string): { readonly owner: Package; readonly paths: readonly string[] }[] {
  const values = new Map<string, string>();
  const paths: string[] = [];
  let directory = '';
  for (const line of linesIn(stanza)) {
    const [letter, value] = [line.slice(0, 2), line.slice(2)];
    if (letter === 'F:') paths.push(...listedPath((directory = value)));
    else if (letter === 'R:') paths.push(...listedPath(`/${directory}/${value}`.replace('//', '/')));
    else values.set(letter, value);
  }
  const name = values.get('P:') ?? '';
  if (!isPackageName(name)) return [];
  const owner = {
    name,
    version: values.get('V:') ?? '',
    architecture: values.get('A:') ?? '',
    source: values.get('o:') ?? name,
    sourceVersion: values.get('V:') ?? '',
    licences: [values.get('L:') ?? ''].filter(Boolean),
    essential: ESSENTIAL.has(name),
    depends: wordsOf(values.get('D:')).map(word => [word]),
    pins: pinsIn((values.get('D:') ?? '').split(' ')),
    recommends: [],
    provides: wordsOf(values.get('p:')),
  };
  return [{ owner, paths }];
}

/** Names without versions, such as `so:libz.so.1` of `so:libz.so.1=1.3`; a conflict begins with `!`. */
function wordsOf(text = ''): string[] {
  return text
    .split(' ')
    .filter(word => word !== '' && !word.startsWith('!'))
    .map(word => word.split(/[<>=~]/, 1)[0]!);
}

const BLOCK = 512;

interface OwnedScript {
  /** The name and version of the package. */
  readonly of: string;
  readonly script: MaintainerScript;
}

/** The scripts that run at an installation; the members of the archive are called `NAME-VERSION.DIGEST.post-install`. */
function scriptsIn(bytes: Uint8Array | undefined, path: string): OwnedScript[] {
  if (!bytes) return [];
  const textAt = (start: number, end: number) => new TextDecoder().decode(bytes.subarray(start, end));
  const found: OwnedScript[] = [];
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const member = textAt(at, at + 100).split('\0', 1)[0]!;
    const size = Number.parseInt(textAt(at + 124, at + 136), 8);
    if (member === '' || !(size >= 0)) break;
    const [, owner, kind] = /^(.+)\.Q[^.]*\.((?:pre|post)-install)$/.exec(member) ?? [];
    const text = textAt(at + BLOCK, at + BLOCK + size);
    if (owner !== undefined) found.push({ of: owner, script: { name: kind!, path, text } });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return found;
}
