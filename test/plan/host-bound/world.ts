import { makeHostPlan } from '../../../src/plan/host-bound/make-host-plan.ts';
import { packageOf } from '../../../src/packages/database.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { PlanRequest } from '../../../src/plan/request.ts';
import { decodeProfile, encodeProfile } from '../../../src/view/profile/profile.ts';
import { profileView } from '../../../src/view/profile/profile-view.ts';
import { snapshot } from '../../../src/view/profile/snapshot.ts';
import type { View } from '../../../src/view/view.ts';
import { scratch } from '../../io/scratch.ts';
import type { ElfRecipe } from '../../lab/elf-recipe.ts';
import { type Files, LIB, requestOf, rootAt } from '../plan.ts';

export { LIB };
export const OWN = '/usr/local/app/lib';

/** A libc that defines these versions. */
export const libc = (...versions: readonly string[]): Files => ({
  '/bin': { link: 'usr/bin' },
  '/lib': { link: 'usr/lib' },
  [`${LIB}/libc.so.6`]: {
    soname: 'libc.so.6',
    needed: ['ld-linux-x86-64.so.2'],
    verdef: ['GLIBC_2.2.5', ...versions],
    defines: [
      'puts@@GLIBC_2.2.5',
      ...versions.map(version => `f${version.replace(/[\W_]/g, '')}@@${version}`),
    ],
  },
});

export const lib = (soname: string, recipe: ElfRecipe = {}): Files => ({
  [`${LIB}/${soname}`]: { soname, needed: ['libc.so.6'], ...recipe },
});

export interface Roots {
  /** Makes the root from which files are taken. */
  readonly staging: (files: Files) => View;
  /** Makes a host from the release file and its files. */
  readonly host: (release: string, files: Files) => View;
}

/** Returns makers of small roots in a temporary directory. */
export function roots(): Roots {
  const at = scratch();
  let made = 0;
  return {
    staging: files => rootAt(at(`root-${made++}`), { ...libc(), ...files }),
    host: (release, files) => {
      const [id, version] = release.split(' ');
      const text = `ID=${id}\n${version === undefined ? '' : `VERSION_ID=${version}\n`}`;
      const release_ = { '/usr/lib/os-release': { text } };
      return rootAt(at(`host-${made++}`), { ...libc(), ...release_, ...files }, 'glibc', release);
    },
  };
}

export function hostPlan(
  staging: View,
  hosts: readonly View[],
  paths: readonly string[],
  more: Partial<PlanRequest> = {},
): Plan {
  return makeHostPlan(requestOf(staging, paths, more), hosts);
}

/** The profile of a host. */
export function profiled(host: View): View {
  return profileView(decodeProfile(encodeProfile(snapshot(host, packageOf)), host.label), host.label);
}

/** `name: why` of every library that a plan brings, and the names of those that it leaves to the hosts. */
export function choices({ bound }: Plan): { brought: Record<string, string>; host: string[] } {
  const all = bound!.host.choices;
  return {
    brought: Object.fromEntries(
      all.filter(({ from }) => from === 'tree').map(({ name, because }) => [name, because]),
    ),
    host: all.filter(({ from }) => from === 'host').map(({ name }) => name),
  };
}

/** The run paths that a plan sets, by target. */
export function runPaths({ files }: Plan): Record<string, string | undefined> {
  return Object.fromEntries(
    files.flatMap(({ target, content }) =>
      content.kind === 'copy'
        ? content.edits.flatMap(edit => (edit.kind === 'run-path' ? [[target, edit.value]] : []))
        : [],
    ),
  );
}
