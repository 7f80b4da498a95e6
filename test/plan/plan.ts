import fs from 'node:fs';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Plan, PlannedFile } from '../../src/plan/plan.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import { directoryView } from '../../src/view/directory.ts';
import { layeredView } from '../../src/view/layers.ts';
import type { View } from '../../src/view/view.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { buildFixture, type FileRecipe, type LoaderName } from '../lab/fixture.ts';
import { placeLoader } from '../lab/loaders.ts';

export type Files = Readonly<Record<string, FileRecipe>>;

const INTERPRETER = '/lib64/ld-linux-x86-64.so.2';
export const LIB = '/usr/lib/x86_64-linux-gnu';
export const PRIVATE = '/usr/local/app/lib';

export const program = (recipe: ElfRecipe = {}): ElfRecipe => ({
  interp: INTERPRETER,
  needed: ['libc.so.6'],
  ...recipe,
});

/** A merged root with a libc and libgcc_s; its loader is a stand-in, the same on every machine. */
export const base: Files = {
  '/bin': { link: 'usr/bin' },
  '/lib': { link: 'usr/lib' },
  [`${LIB}/libc.so.6`]: { soname: 'libc.so.6', needed: ['ld-linux-x86-64.so.2'] },
  [`${LIB}/libgcc_s.so.1`]: { soname: 'libgcc_s.so.1', needed: ['libc.so.6'] },
};

/** Writes a root at a place that is not there yet. */
export function rootAt(
  directory: string,
  files: Files,
  loader: LoaderName = 'glibc',
  label = 'the root',
): View {
  fs.mkdirSync(directory, { recursive: true });
  buildFixture(directory, { rule: '', source: '', files });
  placeLoader(directory, loader);
  return directoryView(directory, { label });
}

/** Paths of a whole root, as they would be brought. */
export function planOf(root: View, paths: readonly string[], more: Partial<PlanRequest> = {}): Plan {
  return makePlan(requestOf(root, paths, more));
}

/** The request to bring paths of a whole root. */
export function requestOf(
  root: View,
  paths: readonly string[],
  more: Partial<PlanRequest> = {},
): PlanRequest {
  return {
    name: 'app',
    prefix: '/usr/local/app',
    seal: 'auto',
    tree: undefined,
    earlierRemarks: [],
    overlays: [],
    roots: [root],
    lookups: [root],
    resolveOptions: { preloadFile: false },
    paths: paths.map(source => ({ source })),
    includes: [],
    dlopen: [],
    needs: 'required',
    excluded: () => undefined,
    strict: false,
    skip: () => false,
    ...more,
  };
}

/** A DESTDIR tree, as it would be completed from one staging root. */
export function completed(tree: View, staging: View, more: Partial<PlanRequest> = {}): Plan {
  return planOf(staging, [], {
    tree,
    lookups: [layeredView([tree, staging], 'the tree over the root')],
    resolveOptions: { preloadFile: false, cache: 'foresee', prefer: tree },
    ...more,
  });
}

/** `place`, with `-> text` for a link, of all that is not a directory. */
export function holds({ files }: Pick<Plan, 'files'>, below = '/'): string[] {
  return files.filter(({ target }) => target.startsWith(below)).flatMap(file => line(file));
}

function line({ target, content }: PlannedFile): string[] {
  if (content.kind === 'directory') return [];
  return [content.kind === 'link' ? `${target} -> ${content.to}` : target];
}

/** `role target why` of one file. */
export function told({ files }: Plan, target: string): string {
  const file = files.find(candidate => candidate.target === target);
  return file ? `${file.role}: ${file.why}` : 'not there';
}

/** What was thrown, as its code and what its message says. */
export function refusal(work: () => unknown): { code: string; kind: string; message: string } {
  try {
    work();
  } catch (error) {
    const { code, kind, message } = error as { code: string; kind: string; message: string };
    return { code, kind, message };
  }
  throw new Error('nothing was refused');
}
