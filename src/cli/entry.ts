import { FlixError } from '../errors.ts';
import { follow } from '../view/follow.ts';
import { expandGlob } from '../view/glob.ts';
import { headOf, shebang } from '../view/text.ts';
import { objectAt } from '../view/object.ts';
import { basename, join } from '../view/path.ts';
import { ReadFailure, type View } from '../view/view.ts';
import { insideRoot, type Roots } from './roots.ts';

/**
 * Returns the paths of entries inside the roots. A glob stands for the ELF files of the root that it matches; a file that
 * is really called so comes first. Throws `FlixError`.
 */
export async function entryPaths(given: readonly string[], roots: Roots): Promise<string[]> {
  const [{ directory, view }] = roots.all;
  const paths: string[] = [];
  for (const argument of given) {
    const path = insideRoot(argument, directory);
    if (!/[*?[{]/.test(path) || roots.views.some(each => isThere(each, path))) {
      paths.push(entryPath(argument, roots));
      continue;
    }
    const matches = await expandGlob(view, path);
    const objects = matches.filter(match => {
      const real = follow(view, match);
      return real.path !== undefined && real.kind === 'file' && objectAt(view, real.path).facts;
    });
    if (objects.length === 0)
      throw new FlixError(
        'input',
        'no-match',
        `${argument} matches no ELF file in ${view.label}`,
        'Globs are matched inside the root.',
      );
    paths.push(...objects);
  }
  return paths;
}

/**
 * Returns the path of an entry inside the roots. If it is not an ELF file, throws a `FlixError` that says what it is.
 * @param given the path as on the command line
 */
function entryPath(given: string, roots: Roots): string {
  const [{ directory }] = roots.all;
  const path = insideRoot(given, directory);
  for (const view of roots.views) {
    const target = follow(view, path);
    if (target.path === undefined && target.reason === 'loop')
      throw new FlixError(
        'input',
        'link-loop',
        `${given} leads into a loop of symbolic links in ${view.label}`,
        'Name the file that the link was meant to lead to.',
      );
    if (target.path === undefined) continue;
    if (target.kind === 'directory')
      throw new FlixError(
        'input',
        'is-a-directory',
        `${given} is a directory`,
        'Name the programs in it, or list every ELF file of the root with --all.',
      );
    const object = objectAt(view, target.path);
    if (object.facts) return path;
    throw notElf(given, view, target.path, object.failure);
  }
  throw absent(given, roots);
}

function notElf(given: string, view: View, real: string, failure: Error): FlixError {
  if (failure instanceof ReadFailure && failure.code === 'EACCES')
    return new FlixError(
      'io',
      'unreadable',
      `permission to read ${given} is denied`,
      'Run flix as a user who may read it.',
    );
  if (failure instanceof ReadFailure)
    return new FlixError('input', 'not-elf', failure.message, 'Name an ELF program or library.');
  const head = headOf(view, real);
  const script = shebang(head);
  if (script) return isScript(given, view, script.interpreter, script.argument);
  if (head === '')
    return new FlixError('input', 'not-elf', `${given} is empty`, 'Name an ELF program or library.');
  if (head.startsWith('!<arch>\n') || head.startsWith('!<thin>\n'))
    return new FlixError(
      'input',
      'not-elf',
      `${given} is a static archive`,
      'Only the linker uses it. Name an ELF program or library.',
    );
  if (/^\/\* GNU ld script|^(?:INPUT|GROUP|OUTPUT_FORMAT)\s*\(/.test(head))
    return new FlixError(
      'input',
      'not-elf',
      `${given} is a linker script`,
      'Only the linker uses it. Name the library that it points to.',
    );
  if (!head.startsWith('\u007fELF'))
    return new FlixError(
      'input',
      'not-elf',
      `${given} is not an ELF file${head.includes('\0') ? '' : ', but text'}`,
      'Name an ELF program or library.',
    );
  return new FlixError(
    'input',
    'malformed-elf',
    `${given} is a damaged ELF file: ${failure.message}`,
    'Fetch or build it again.',
  );
}

function isScript(given: string, view: View, interpreter: string, rest: string): FlixError {
  const viaEnv =
    basename(interpreter) === 'env' ? rest.split(/\s+/).find(word => !/^-|=/.test(word)) : undefined;
  const program =
    viaEnv === undefined ? interpreter : (programPlaces(viaEnv).find(path => isThere(view, path)) ?? viaEnv);
  return new FlixError(
    'input',
    'script',
    `${given} is a script, run by ${viaEnv ?? interpreter}`,
    `A script loads nothing itself; look at its interpreter instead.\nflix tree ${program}`,
  );
}

function absent(given: string, { all, views }: Roots): FlixError {
  const [{ directory }] = all;
  const labels = all.map(({ view }) => view.label).join(', ');
  const prefix = `${directory.replace(/\/+$/, '')}/`;
  const candidates = [
    ...(given.startsWith(prefix) ? [given.slice(prefix.length - 1)] : []),
    ...programPlaces(basename(given)),
  ];
  const there = candidates.find(path => views.some(view => isThere(view, path)));
  const fix =
    there === undefined
      ? 'A path is looked up inside the root, not on this machine.'
      : `Did you mean ${there}?`;
  return new FlixError('input', 'absent', `${given} is not in ${labels}`, fix);
}

function programPlaces(name: string): string[] {
  return ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/bin', '/sbin'].map(directory => join(directory, name));
}

function isThere(view: View, path: string): boolean {
  return follow(view, path).path !== undefined;
}
