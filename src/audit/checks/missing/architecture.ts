import { objectAt } from '../../../view/object.ts';
import { type Check, type Evidence, gathered } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { foreignArchitecture, type Mismatch } from '../../foreign-architecture.ts';

export interface OtherArchitecture extends FindingBase {
  readonly kind: 'missing/architecture';
  /** In systemd’s spelling. */
  readonly architecture: string;
}

export const otherArchitecture: Check<OtherArchitecture> = {
  kind: 'missing/architecture',
  page: {
    title: 'A program is for another architecture',
    means:
      'A program or library of the extension was built for another architecture than its ARCHITECTURE= says or, if ' +
      'that is open, than the host has. What lies in a directory for another architecture (/usr/lib/aarch64-linux-gnu) ' +
      'is there on purpose.',
    matters:
      'The kernel refuses the program (“Exec format error”), and the loader passes over such a library as if it were ' +
      'not there.',
    fix:
      'Build or vendor for the architecture of the host; state it with ARCHITECTURE= in the release file, so that ' +
      'systemd merges the extension where it fits only.',
  },
  find: evidence => gathered(find(evidence)),
};

function* find({ merge, inventories }: Evidence): Generator<OtherArchitecture> {
  for (const { extension, programs, objects } of inventories)
    for (const path of [...programs, ...objects]) {
      const { facts } = objectAt(merge.view, path);
      const mismatch = facts && foreignArchitecture(facts, path, extension, merge.host);
      if (!mismatch || mismatch.meant) continue;
      const { architecture, wanted } = mismatch;
      yield {
        kind: 'missing/architecture',
        severity: programs.includes(path) ? 'error' : 'warning',
        extension: extension.name,
        subject: path,
        alsoIn: [],
        chain: [{ name: path, path, provider: merge.providerOf(path), origin: null }],
        culprit: architecture,
        architecture,
        message: `${path} is for ${architecture}, and ${whose(mismatch)} ${wanted}`,
        fix: `build it for ${wanted}, or write ARCHITECTURE=${architecture} if the extension is meant for that`,
      };
    }
}

function whose({ by }: Mismatch): string {
  return by === 'release' ? 'ARCHITECTURE= says' : 'the host is';
}
