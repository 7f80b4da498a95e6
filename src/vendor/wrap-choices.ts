import { FlixError } from '../errors.ts';
import type { ManifestHost } from '../manifest/manifest.ts';
import { DEFAULT_MODE, type modes, type Whose, type WrapChoices } from '../plan/request.ts';
import { normalise } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { Bind } from '../wrap/mounts.ts';
import type { Runner } from '../wrap/wrapping.ts';

/** The options that choose the mode and describe the view of Flatwrap mode, as the user gave them. */
export interface WrapOptions {
  /** Default: `host-bound` if hosts are given, else `auto`. */
  readonly mode?: (typeof modes)[number] | undefined;
  readonly seal: 'auto' | 'none';
  /** If unset, only `/` is trimmed. */
  readonly trim?: boolean | undefined;
  readonly etc?: Whose | undefined;
  readonly var?: Whose | undefined;
  readonly home?: Whose | undefined;
  /** Each is `HOST:INSIDE`, or one path for both. */
  readonly bind: readonly string[];
  readonly bindRo: readonly string[];
  readonly runner?: Runner | undefined;
}

/** The mode of a run, and how Flatwrap mode shows the root. */
export type ModeRequest =
  | { readonly mode: 'flix' }
  | {
      readonly mode: 'host-bound';
      readonly hosts: readonly View[];
      readonly perHost?: ManifestHost['perHost'];
    }
  | { readonly mode: 'flatwrap'; readonly choices: WrapChoices; readonly because?: string }
  | {
      readonly mode: 'auto';
      /** Whether the user gave `--mode auto`; false: no mode was given. */
      readonly isExplicit: boolean;
      readonly choices: WrapChoices;
      /** As the user gave it. */
      readonly trim: boolean | undefined;
      /** Why Flatwrap mode cannot be chosen. */
      readonly unwrappable: string | undefined;
    };

/**
 * Reads the mode and the options of Flatwrap. Throws `FlixError` for options that contradict the mode.
 *
 * @param whole the root has an os-release
 * @param hosts those for which the tree is made
 */
export function modeRequest(
  options: WrapOptions,
  root: View,
  whole: boolean,
  hosts: readonly View[] = [],
): ModeRequest {
  const {
    mode = hosts.length > 0 ? 'host-bound' : DEFAULT_MODE,
    trim,
    etc,
    var: var_,
    home,
    bind,
    bindRo,
    runner,
    seal,
  } = options;
  if (mode !== 'host-bound' && hosts.length > 1)
    throw new FlixError(
      'input',
      'usage',
      `--mode ${mode} judges by one host, but ${hosts.length} are given`,
      'Name one --host, or use --mode host-bound, which brings what one of the hosts lacks.',
    );
  if (mode === 'host-bound') refuseForHosts(options, hosts);
  if (mode === 'flix' || mode === 'host-bound') {
    const given = { trim, etc, var: var_, home, runner, bind: bind[0], bindRo: bindRo[0] };
    const [option] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
    if (option !== undefined) throw needsFlatwrap(option);
    return mode === 'flix' ? { mode } : { mode, hosts };
  }
  if (mode === 'auto') {
    const view = demandedView(options);
    const unwrappable = seal === 'none' ? NOT_SEALED : whole ? undefined : NOT_WHOLE;
    if (view === undefined)
      return {
        mode,
        isExplicit: options.mode !== undefined,
        choices: readChoices(options, root),
        trim,
        unwrappable,
      };
  }
  if (seal === 'none')
    throw new FlixError('input', 'usage', '--seal is for edited loaders, and --mode flatwrap edits nothing');
  if (!whole)
    throw new FlixError(
      'input',
      'not-a-whole-root',
      `${root.label} has no os-release, but --mode flatwrap shows programs a whole root`,
      'Install into a whole root (make install DESTDIR=./debian-root), and name the programs: flix vendor ./debian-root --mode flatwrap /usr/bin/PROGRAM',
    );
  const choices = readChoices(options, root);
  if (mode === 'flatwrap') return { mode, choices };
  return {
    mode: 'flatwrap',
    choices: { ...choices, trim: trim ?? true },
    because: `${demandedView(options)} asks for a view`,
  };
}

/** Throws `FlixError` for options that make no sense where the programs use the loader of given hosts. */
function refuseForHosts({ seal }: WrapOptions, hosts: readonly View[]): void {
  if (hosts.length === 0)
    throw new FlixError(
      'input',
      'usage',
      '--mode host-bound brings what given hosts lack, but no host is given',
      'Add --host with the root, the image or the profile of a host.',
    );
  if (seal === 'none')
    throw new FlixError(
      'input',
      'usage',
      '--seal is for private loaders, and with --host the programs use that of the host',
      'Leave out one of the two, or use --mode flix.',
    );
}

const NOT_SEALED = '--seal none is given, and Flatwrap mode edits no loader';
const NOT_WHOLE = 'the root has no os-release, and flatwrap shows programs a whole root';

/** Returns an option that no mode but Flatwrap can follow, as the user wrote it. */
function demandedView({ etc, var: var_, home, bind, bindRo }: WrapOptions): string | undefined {
  const staged = Object.entries({ etc, var: var_, home }).find(([, whose]) => whose === 'staged');
  if (staged) return `--${staged[0]} staged`;
  return bind.length > 0 ? '--bind' : bindRo.length > 0 ? '--bind-ro' : undefined;
}

function readChoices(options: WrapOptions, root: View): WrapChoices {
  const { trim, etc, var: var_, home, bind, bindRo, runner } = options;
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

/** Parses `HOST:INSIDE`, split at the last `:/`; a single path stands for both. */
function readBind(text: string, option: '--bind' | '--bind-ro'): Bind {
  const colon = text.lastIndexOf(':/');
  const host = colon > 0 ? text.slice(0, colon) : text;
  const inside = normalise(colon > 0 ? text.slice(colon + 1) : text);
  if (!host.startsWith('/') || inside === '/')
    throw new FlixError(
      'input',
      'usage',
      `${option} ${JSON.stringify(text)} must be HOST:INSIDE, both absolute`,
      `For example: ${option} /usr/share/zoneinfo:/usr/share/zoneinfo`,
    );
  return { host: normalise(host), inside, readOnly: option === '--bind-ro' };
}

function needsFlatwrap(option: string): FlixError {
  const name = option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  return new FlixError(
    'input',
    'usage',
    `--${name} needs --mode flatwrap`,
    'In Flix mode, programs see the host as it is. Add --mode flatwrap, or remove the option.',
  );
}
