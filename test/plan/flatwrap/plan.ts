import fs from 'node:fs';
import path from 'node:path';
import type { PlanRequest, WrapChoices } from '../../../src/plan/request.ts';
import { makeWrapPlan } from '../../../src/plan/flatwrap/make-wrap-plan.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { View } from '../../../src/view/view.ts';
import { base, type Files, LIB, program, rootAt } from '../plan.ts';

/** The prefix, below which the staged root lies. */
export const PREFIX = '/usr/local/app';

/** A usr-merged root whose unshare can map ids, with a program and its library. */
const merged: Files = {
  ...base,
  '/sbin': { link: 'usr/sbin' },
  '/usr/sbin': { directory: true },
  '/lib64': { link: 'usr/lib64' },
  '/usr/lib64': { directory: true },
  '/usr/bin/unshare': program({ data: '--map-user\0--map-group\0' }),
  '/usr/bin/app': program({ needed: ['libapp.so.1', 'libc.so.6'] }),
  [`${LIB}/libapp.so.1.2`]: { soname: 'libapp.so.1', needed: ['libc.so.6'] },
  [`${LIB}/libapp.so.1`]: { link: 'libapp.so.1.2' },
  '/usr/share/app/data': { text: 'data' },
  '/usr/share/other/data': { text: 'data' },
};

/** Writes that root with some files added or replaced; scripts (`#!`) become executable. */
export function wrapRoot(directory: string, files: Files = {}): View {
  const all = { ...merged, ...files };
  const view = rootAt(directory, all);
  for (const [file, recipe] of Object.entries(all))
    if ('text' in recipe && recipe.text.startsWith('#!')) fs.chmodSync(path.join(directory, file), 0o755);
  return view;
}

export interface Wish extends Partial<WrapChoices> {
  readonly includes?: readonly string[];
  readonly request?: Partial<PlanRequest>;
}

/** `PATH`, or `PATH:TARGET`. */
export function wrapPlanOf(root: View, paths: readonly string[], wish: Wish = {}): Plan {
  const { includes = [], request, ...choices } = wish;
  return makeWrapPlan(
    {
      name: 'app',
      prefix: PREFIX,
      seal: 'auto',
      tree: undefined,
      earlierRemarks: [],
      overlays: [],
      roots: [root],
      lookups: [root],
      resolveOptions: { preloadFile: false },
      paths: paths.map(text => {
        const [source, target] = text.split(':');
        return target === undefined ? { source: source! } : { source: source!, target };
      }),
      includes: includes.map(source => ({ source })),
      dlopen: [],
      needs: 'required',
      excluded: () => undefined,
      strict: false,
      skip: () => false,
      ...request,
    },
    { trim: true, etc: 'host', var: 'host', home: 'host', binds: [], runner: 'auto', ...choices },
  );
}

/** Returns the text that a plan writes to a path. */
export function textAt({ files }: Plan, target: string): string {
  const content = files.find(file => file.target === target)?.content;
  if (content?.kind !== 'text') throw new Error(`no text is written to ${target}`);
  return content.text;
}
