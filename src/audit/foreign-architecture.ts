import { systemdArchitecture } from '../elf/architecture.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { tripletArchitectures } from '../elf/triplet.ts';
import type { Extension } from './extension.ts';
import type { Host } from './merge.ts';

/** What the kernel of one architecture runs besides. */
const COMPANIONS: Readonly<Record<string, string>> = {
  'x86-64': 'x86',
  arm64: 'arm',
  s390x: 's390',
  ppc64: 'ppc',
};

/** Firmware and images of machines that are emulated. */
const DATA = /^\/usr\/(?:share|lib\/firmware|lib\/modules)\//;

export interface Mismatch {
  readonly architecture: string;
  readonly wanted: string;
  /** Who wants it so. */
  readonly by: 'release' | 'host';
  /** It lies where files of its architecture, or of any, belong. */
  readonly meant: boolean;
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
  const meant = DATA.test(path) || tripletArchitectures(path).includes(architecture);
  return { architecture, wanted, by, meant };
}
