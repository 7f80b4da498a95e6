import { FlixError } from '../errors.ts';
import { join, normalise, within } from '../view/path.ts';

/** Where private libraries and the manifest go: `--prefix`, or what the name gives. Throws `FlixError`. */
export function privateDirectory(given: string | undefined, name: string): string {
  const prefix = normalise(given ?? `/usr/local/${name}`);
  if (!within('/usr', prefix) && !within('/opt', prefix))
    throw new FlixError(
      'input',
      'prefix-outside',
      `--prefix ${given} is outside /usr and /opt, and a system extension merges nothing else`,
    );
  const depth = prefix.split('/').length - 1;
  if (depth < (within('/opt', prefix) ? 2 : 3))
    throw new FlixError(
      'input',
      'prefix-shared',
      `--prefix ${given} is a directory that the host shares: what lies in it is not private`,
      `Name one of its own: --prefix ${join(prefix, name)}`,
    );
  const odd = /[^!-~]|[:;$"'`\\]/u.exec(prefix)?.[0];
  if (odd !== undefined)
    throw new FlixError(
      'input',
      'prefix-characters',
      `the private directory ${JSON.stringify(prefix)} holds ${JSON.stringify(odd)}, which a loader may take for a separator`,
      `The name may stay if the directory has another: --prefix /usr/local/${name.replace(/[^\w.+-]/g, '-')}`,
    );
  return prefix;
}
