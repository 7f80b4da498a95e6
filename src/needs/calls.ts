import { memoised } from '../view/memo.ts';
import { importsOf } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { glibc } from '../libc/libc.ts';
import { families } from './families.ts';

/** Functions that load a library while a program runs. */
const LOADS = ['dlopen', 'dlmopen'];
/** Functions that tell an object where its own file is. */
const LOCATES = ['dladdr', 'dladdr1'];

/** An object is asked for all functions that are evidence of a need at once. */
const EVIDENCE = new Set([
  ...LOADS,
  ...LOCATES,
  ...glibc.nameService.calls,
  ...families.flatMap(({ imports = [] }) => imports),
]);

const callsIn = memoised((view, path) => importsOf(view, path, EVIDENCE));

/** Whether an object imports a function that loads libraries. @param path real */
export function callsLoader(view: View, path: string): boolean {
  return callsAny(view, path, LOADS);
}

/** Whether an object imports a function that tells where its own file is. @param path real */
export function callsLocator(view: View, path: string): boolean {
  return callsAny(view, path, LOCATES);
}

/** Whether an object imports one of the functions of a family. @param path real */
export function callsAny(view: View, path: string, names: readonly string[]): boolean {
  const source = view.source(path);
  const calls = callsIn(source.view, source.path);
  return names.some(name => calls.has(name));
}
