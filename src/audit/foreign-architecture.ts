import type { ElfFacts } from '../elf/facts.ts';
import { machineOf, runnableOn, tripletArchitectures } from '../elf/machine.ts';
import type { Extension } from './extension.ts';
import type { Host } from './merge.ts';

/** Directories of firmware and of images for emulated machines. */
const DATA = /^\/usr\/(?:share|lib\/firmware|lib\/modules)\//;

export interface Mismatch {
  readonly architecture: string;
  readonly required: string;
  /** What requires it: the release file or the host. */
  readonly by: 'release' | 'host';
  /** Whether the file is in a directory for its architecture, or for data of any architecture. */
  readonly isIntended: boolean;
}

/** Returns a mismatch if a file is not built for the architecture of the release file or, without one, of the host. */
export function foreignArchitecture(
  { header }: ElfFacts,
  path: string,
  { release }: Extension,
  host: Host | undefined,
): Mismatch | undefined {
  const declared = release?.get('ARCHITECTURE');
  const by = declared && declared !== '_any' ? 'release' : 'host';
  const required = by === 'release' ? declared : host?.architecture;
  const architecture = machineOf(header)?.systemd;
  if (required === undefined || architecture === undefined) return undefined;
  if (runnableOn(required).includes(architecture)) return undefined;
  const isIntended = DATA.test(path) || tripletArchitectures(path).includes(architecture);
  return { architecture, required, by, isIntended };
}
