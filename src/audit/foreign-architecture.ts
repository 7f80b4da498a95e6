import { systemdArchitecture } from '../elf/architecture.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Extension } from './extension.ts';
import type { Host } from './merge.ts';

/** What the kernel of one architecture runs besides. */
const COMPANIONS: Readonly<Record<string, string>> = {
  'x86-64': 'x86',
  arm64: 'arm',
  s390x: 's390',
  ppc64: 'ppc',
};

/** The processor names of multiarch directories, `/usr/lib/aarch64-linux-gnu`: what lies there is meant for another one. */
const TRIPLET = /\/(?:[a-z0-9_]+)-linux-(?:gnu|musl)[a-z0-9]*(?:\/|$)/;
/** Firmware and images of machines that are emulated. */
const DATA = /^\/usr\/(?:share|lib\/firmware|lib\/modules)\//;

export interface Mismatch {
  readonly architecture: string;
  readonly wanted: string;
  /** Who wants it so. */
  readonly by: 'release' | 'host';
}

/** Whether a file of an extension is for another architecture than its release file says, or else than the host. */
export function foreignArchitecture(
  { header }: ElfFacts,
  path: string,
  { release }: Extension,
  host: Host | undefined,
): Mismatch | undefined {
  const declared = release?.get('ARCHITECTURE');
  const by = declared && declared !== '_any' ? 'release' : 'host';
  const wanted = by === 'release' ? declared : host?.architecture;
  const architecture = systemdArchitecture(header);
  if (wanted === undefined || architecture === undefined) return undefined;
  if (architecture === wanted || COMPANIONS[wanted] === architecture) return undefined;
  return TRIPLET.test(path) || DATA.test(path) ? undefined : { architecture, wanted, by };
}
