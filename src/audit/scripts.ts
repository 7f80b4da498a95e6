import { follow, type Followed } from '../view/follow.ts';
import { headOf, shebang } from '../view/head.ts';
import { basename } from '../view/path.ts';
import { ReadFailure, type View } from '../view/view.ts';
import type { Evidence } from './check.ts';
import type { Extension } from './extension.ts';
import { shownEntries } from './shown-entries.ts';

/** A script of an extension that someone may start. */
export interface Script {
  readonly extension: Extension;
  readonly path: string;
  /** As the first line names it; what `env` is asked for, where that is the interpreter. */
  readonly interpreter: string;
  /** Where that leads to in the merged view; `undefined`: nowhere. */
  readonly real: string | undefined;
}

/** Where a shell, and `env`, look for a program. */
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** `#!` */
const MAGIC = 0x2321;

/** Where what people and other programs start is installed; modules of a language are executable by accident. */
const COMMANDS = /^\/(?:usr|opt)\/(?:.+\/)?(?:s?bin|libexec)\//;

/** Someone starts it by its name or path. */
export function isCommand(path: string): boolean {
  return COMMANDS.test(path);
}

const known = new WeakMap<Evidence, readonly Script[]>();

/** Executable files with a `#!` line. Without a host nothing is known of interpreters outside of the extensions. */
export function scriptsOf(evidence: Evidence): readonly Script[] {
  let scripts = known.get(evidence);
  if (!scripts) known.set(evidence, (scripts = [...find(evidence)]));
  return scripts;
}

function* find({ merge }: Evidence): Generator<Script> {
  for (const { extension, path, kind, stat } of shownEntries(merge)) {
    if (kind !== 'file' || (stat.mode & 0o111) === 0) continue;
    // what wrappers call on the host has a finding of its own
    if (extension.wrapped?.entries.includes(path)) continue;
    const named = interpreterOf(merge.view, path);
    if (named !== undefined) yield { extension, path, interpreter: named, real: located(merge.view, named) };
  }
}

function interpreterOf(view: View, path: string): string | undefined {
  try {
    const file = view.open(path);
    const isScript = file.magic !== undefined && file.magic >>> 16 === MAGIC;
    file.close();
    const line = isScript ? shebang(headOf(view, path)) : undefined;
    if (!line || basename(line.interpreter) !== 'env') return line?.interpreter;
    // options of env, and settings, go before the program
    return line.argument.split(/\s+/).find(word => word !== '' && !/^-|=/.test(word)) ?? line.interpreter;
  } catch (error) {
    if (error instanceof ReadFailure) return undefined;
    throw error;
  }
}

function located(view: View, interpreter: string): string | undefined {
  const candidates = interpreter.includes('/')
    ? [interpreter]
    : PATH.map(directory => `${directory}/${interpreter}`);
  const found = candidates.map((path): Followed => follow(view, path)).find(({ path }) => path !== undefined);
  return found?.path;
}
