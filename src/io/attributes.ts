import { FlixError } from '../errors.ts';
import { run } from './spawn.ts';

const WHOLE_TREE_MS = 120_000;

/**
 * Returns the extended attributes of everything in a directory of this machine, by path inside it and by name; `undefined`
 * if getfattr is not installed. Only root sees `trusted.*` attributes.
 *
 * @param names the attributes to read
 */
export async function attributesBelow(
  directory: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Buffer>> | undefined> {
  const pattern = `^(${names.map(name => name.replaceAll('.', '\\.')).join('|')})$`;
  const options = ['-R', '-P', '-h', '-e', 'hex', '-m', pattern, '-d', '.'];
  try {
    // getfattr complains about unreadable files and still prints the others
    const { stdout } = await run('getfattr', options, {
      cwd: directory,
      allowFailure: true,
      timeoutMs: WHOLE_TREE_MS,
    });
    return parseGetfattr(stdout);
  } catch (error) {
    if (error instanceof FlixError && error.code === 'missing-tool') return undefined;
    throw error;
  }
}

/** Parses blocks of `# file: PATH` and `NAME=0xHEX`. Unusual characters in a path are escaped in octal. */
export function parseGetfattr(output: string): Map<string, ReadonlyMap<string, Buffer>> {
  const files = new Map<string, ReadonlyMap<string, Buffer>>();
  for (const block of output.split('\n\n')) {
    const [head, ...lines] = block.split('\n');
    const path = /^# file: (?:\.\/)?(.*)$/s.exec(head!)?.[1];
    if (path === undefined) continue;
    const values = lines.flatMap((line): [string, Buffer][] => {
      const [, name, hex] = /^([^=]+)=0x([0-9a-f]*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, Buffer.from(hex!, 'hex')]];
    });
    files.set(path === '.' ? '/' : `/${unescaped(path)}`, new Map(values));
  }
  return files;
}

function unescaped(path: string): string {
  const bytes = path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
