import { memoised } from '../view/memo.ts';
import type { View } from '../view/view.ts';
import { textsAt } from './evidence.ts';

/** Names that an object contains as strings. Their purpose is unknown. */
export interface CompiledIn {
  /** Such as `libfoo.so.1`. */
  readonly libraries: readonly string[];
  /** Names of any spelling that dlopen(3) would search for, such as `plugin.so`. */
  readonly openable: readonly string[];
  /** Absolute directories of modules, such as PAM modules and graphics drivers, without a trailing slash. */
  readonly moduleDirectories: readonly string[];
  /** Absolute paths below directories that contain programs. */
  readonly programs: readonly string[];
}

const LIBRARY = /^lib[\w+.-]{1,56}\.so(?:\.\d+)*$/;
const OPENABLE = /^[\w][\w+.-]{0,60}\.so(?:\.\d+)*$/;
const MODULES = /^\/(?:.*\/)?(?:gconv|security|dri|gbm|vdpau|sasl2)(?=\/?$)/;
const PROGRAM = /^\/(?:usr\/(?:local\/)?(?:s?bin|lib[^/]*)|s?bin|opt)\/[\w./+@[-]*[\w+@[-]$/;

/** Judges the strings of an object only once, even if several views contain it. @param path real */
export function compiledIn(view: View, path: string): CompiledIn {
  const source = view.source(path);
  return judgeOnce(source.view, source.path);
}

const judgeOnce = memoised((view, path): CompiledIn => {
  const texts = textsAt(view, path).whole;
  const names = texts.filter(text => !text.includes('/'));
  const paths = texts.filter(text => text.startsWith('/'));
  return {
    libraries: names.filter(text => LIBRARY.test(text)),
    openable: names.filter(text => OPENABLE.test(text)),
    moduleDirectories: paths.flatMap(text => MODULES.exec(text)?.[0] ?? []),
    programs: paths.filter(text => PROGRAM.test(text)),
  };
});
