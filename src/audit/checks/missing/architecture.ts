import { objectAt } from '../../../view/object.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { foreignArchitecture, type Mismatch } from '../../foreign-architecture.ts';

interface OtherArchitecture extends Observation {
  /** In systemd’s spelling. */
  readonly architecture: string;
}

export const otherArchitecture = defineCheck(
  'missing/architecture',
  {
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
  evidence => gathered(find(evidence)),
);

function* find({ merge, inventories }: Evidence): Generator<OtherArchitecture> {
  for (const { extension, programs, objects } of inventories)
    for (const path of [...programs, ...objects]) {
      const { facts } = objectAt(merge.view, path);
      const mismatch = facts && foreignArchitecture(facts, path, extension, merge.host);
      if (!mismatch || mismatch.meant) continue;
      const { architecture, wanted } = mismatch;
      yield {
        severity: programs.includes(path) ? 'error' : 'warning',
        extension,
        subject: path,
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
