import { FlixError } from '../errors.ts';
import type { Whose, WrapChoices } from '../plan/request.ts';
import { normalise } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { Bind } from '../wrap/mounts.ts';
import type { Runner } from '../wrap/wrapping.ts';

/** The options that decide between the modes and describe the view of Flatwrap mode, as the user gave them. */
export interface WrapOptions {
  readonly mode: 'flix' | 'flatwrap';
  readonly seal: 'auto' | 'none';
  /** Unset: the root decides. */
  readonly trim?: boolean | undefined;
  readonly etc?: Whose | undefined;
  readonly var?: Whose | undefined;
  readonly home?: Whose | undefined;
  /** `HOST:INSIDE`, or one path that is both. */
  readonly bind: readonly string[];
  readonly bindRo: readonly string[];
  readonly runner?: Runner | undefined;
}

/**
 * What the options of Flatwrap ask for; `undefined`: Flix mode. Throws `FlixError` for options of the other mode.
 *
 * @param whole the root has an os-release
 */
export function wrapChoices(options: WrapOptions, root: View, whole: boolean): WrapChoices | undefined {
  const { trim, etc, var: var_, home, bind, bindRo, runner } = options;
  if (options.mode === 'flix') {
    const given = { trim, etc, var: var_, home, runner, bind: bind[0], bindRo: bindRo[0] };
    const [option] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
    if (option !== undefined) throw ofFlatwrap(option);
    return undefined;
  }
  if (options.seal === 'none')
    throw new FlixError(
      'input',
      'usage',
      '--seal is for loaders that are edited, and --mode flatwrap edits nothing',
    );
  if (!whole)
    throw new FlixError(
      'input',
      'not-a-whole-root',
      `${root.label} has no os-release: --mode flatwrap shows programs a whole root`,
      'Install into one (make install DESTDIR=./debian-root), and name the programs: flix vendor ./debian-root --mode flatwrap /usr/bin/PROGRAM',
    );
  return {
    trim: trim ?? root.source('/').hostPath === '/',
    etc: etc ?? 'host',
    var: var_ ?? 'host',
    home: home ?? 'host',
    binds: [
      ...bind.map(text => readBind(text, '--bind')),
      ...bindRo.map(text => readBind(text, '--bind-ro')),
    ],
    runner: runner ?? 'auto',
  };
}

/** `HOST:INSIDE`, split at the last `:/`; one path alone is both. */
function readBind(text: string, option: '--bind' | '--bind-ro'): Bind {
  const colon = text.lastIndexOf(':/');
  const host = colon > 0 ? text.slice(0, colon) : text;
  const inside = normalise(colon > 0 ? text.slice(colon + 1) : text);
  if (!host.startsWith('/') || inside === '/')
    throw new FlixError(
      'input',
      'usage',
      `${option} ${JSON.stringify(text)} names no two absolute paths`,
      `For example: ${option} /usr/share/zoneinfo:/usr/share/zoneinfo`,
    );
  return { host: normalise(host), inside, readOnly: option === '--bind-ro' };
}

function ofFlatwrap(option: string): FlixError {
  const name = option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  return new FlixError(
    'input',
    'usage',
    `--${name} is for --mode flatwrap`,
    'In flix mode programs are edited and see the host as it is.',
  );
}
