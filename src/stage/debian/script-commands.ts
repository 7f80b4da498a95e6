import type { Value } from '../../packages/shell-values.ts';
import { type ScriptWorld, walkScript } from '../../packages/shell-walk.ts';
import type { Installed } from './database.ts';

/** A command of a maintainer script. */
export interface ScriptCommand {
  readonly owner: string;
  readonly program: string;
  /** `undefined`: an argument that only a shell could evaluate. */
  readonly args: readonly Value[];
}

/** The scripts of an installation, with the arguments that dpkg gives them (Debian Policy, 6.5). */
const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  preinst: ['install'],
  postinst: ['configure', ''],
};

export function hasScripts({ info }: Installed): boolean {
  return Object.keys(SCRIPTS).some(name => info.has(name));
}

/** Follows the scripts of a package as its first installation would run them, with the variables of dpkg(1). Executes nothing. */
export function followScripts(
  { name: owner, info }: Installed,
  kind: ScriptWorld['kind'],
  run: (command: ScriptCommand, isCertain: boolean) => boolean | undefined,
): void {
  const variables = { DPKG_ROOT: '', DPKG_MAINTSCRIPT_PACKAGE: owner };
  for (const [script, args] of Object.entries(SCRIPTS))
    walkScript(
      info.get(script)?.toString('utf8') ?? '',
      { args, variables },
      {
        kind,
        run: ([program, ...rest], isCertain) => {
          if (program === undefined) return undefined;
          if (program === 'dpkg' && rest[0] === '--compare-versions') return isFirstVersion(rest.slice(1));
          return run({ owner, program: program.replace(/^.*\//, ''), args: rest }, isCertain);
        },
      },
    );
}

/** Compares no version, as scripts do at the first installation, with one (dpkg(1), --compare-versions). */
function isFirstVersion([first, operator, second]: readonly Value[]): boolean | undefined {
  if (first !== '' || !second) return undefined;
  return ['lt', 'le', 'ne', 'gt-nl', 'ge-nl', '<<', '<='].includes(operator ?? '');
}
