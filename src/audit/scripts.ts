import { follow, type Followed } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { headOf, shebang } from '../view/text.ts';
import { basename } from '../view/path.ts';
import { ReadFailure, type View } from '../view/view.ts';
import type { Evidence } from './check.ts';
import type { Extension } from './extension.ts';
import { oncePer } from './once.ts';
import { selectShown } from './shown-entries.ts';

/** A script of an extension that a user or program may run. */
export interface Script {
  readonly extension: Extension;
  readonly path: string;
  /** As the first line names it; if that is `env`, the program that env runs. */
  readonly interpreter: string;
  /** Its real path in the merged view; `undefined` if it does not exist. */
  readonly real: string | undefined;
}

/** The directories in which a shell and `env` search for a program. */
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** The interpreter that every host with systemd has, as scripts and programs name it. */
export const ON_EVERY_HOST = /^(?:(?:\/usr)?\/bin\/)?sh$/;
/** `#!` */
const MAGIC = 0x2321;

/**
 * Directories of programs that people and other programs run. Elsewhere, modules of a language are often executable by
 * accident.
 */
const COMMANDS = /^\/(?:usr|opt)\/(?:.+\/)?(?:s?bin|libexec)\//;

/** Whether it is meant to be run by its name or path. */
export function isCommand(path: string): boolean {
  return COMMANDS.test(path);
}

/** Returns executable files with a `#!` line. Without a host, only interpreters in extensions are found. */
export const scriptsOf = oncePer((evidence: Evidence): readonly Script[] => [...find(evidence)]);

const executables = selectShown(entry =>
  entry.kind === 'file' && (entry.stat.mode & 0o111) !== 0 ? entry : undefined,
);

function* find({ merge }: Evidence): Generator<Script> {
  for (const { extension, path } of executables(merge)) {
    // what wrappers call on the host is checked by missing/host-program
    if (extension.wrapped?.entries.includes(path)) continue;
    const named = interpreterOf(extension.view, path);
    if (named !== undefined) yield { extension, path, interpreter: named, real: located(merge.view, named) };
  }
}

const interpreterOf = memoised((view, path): string | undefined => {
  try {
    const file = view.open(path);
    const isScript = file.magic !== undefined && file.magic >>> 16 === MAGIC;
    file.close();
    const line = isScript ? shebang(headOf(view, path)) : undefined;
    if (!line || basename(line.interpreter) !== 'env') return line?.interpreter;
    // options of env and variable assignments precede the program
    return line.argument.split(/\s+/).find(word => word !== '' && !/^-|=/.test(word)) ?? line.interpreter;
  } catch (error) {
    if (error instanceof ReadFailure) return undefined;
    throw error;
  }
});

function located(view: View, interpreter: string): string | undefined {
  const candidates = interpreter.includes('/')
    ? [interpreter]
    : PATH.map(directory => `${directory}/${interpreter}`);
  const found = candidates.map((path): Followed => follow(view, path)).find(({ path }) => path !== undefined);
  return found?.path;
}
