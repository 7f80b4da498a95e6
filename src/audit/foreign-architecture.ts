import { machineOf, runnableOn, tripletArchitectures } from '../elf/machine.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Extension } from './extension.ts';
import type { Host } from './merge.ts';

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
  const architecture = machineOf(header)?.systemd;
  if (wanted === undefined || architecture === undefined) return undefined;
  if (runnableOn(wanted).includes(architecture)) return undefined;
  const meant = DATA.test(path) || tripletArchitectures(path).includes(architecture);
  return { architecture, wanted, by, meant };
}
