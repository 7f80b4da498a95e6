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
    title: 'A program is built for another architecture',
    means:
      'A program or library of the extension was built for an architecture other than the one in ARCHITECTURE= or, ' +
      'without that line, other than the host’s. Files in a directory for another architecture ' +
      '(/usr/lib/aarch64-linux-gnu) are there on purpose and are not reported.',
    matters:
      'The kernel refuses to run the program (“Exec format error”), and the loader skips such a library as if it ' +
      'did not exist.',
    fix:
      'Build or vendor for the architecture of the host. State the architecture with ARCHITECTURE= in the release ' +
      'file, so that systemd merges the extension only where it fits.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ merge, inventories }: Evidence): Generator<OtherArchitecture> {
  for (const { extension, programs, objects } of inventories)
    for (const path of [...programs, ...objects]) {
      const { facts } = objectAt(merge.view, path);
      const mismatch = facts && foreignArchitecture(facts, path, extension, merge.host);
      if (!mismatch || mismatch.isIntended) continue;
      const { architecture, required } = mismatch;
      yield {
        severity: programs.includes(path) ? 'error' : 'warning',
        extension,
        subject: path,
        chain: [{ name: path, path, provider: merge.providerOf(path), origin: null }],
        culprit: architecture,
        architecture,
        message: `${path} is built for ${architecture}, but ${whose(mismatch)} ${required}`,
        fix: `Build it for ${required}, or write ARCHITECTURE=${architecture} if the extension is meant for that architecture.`,
      };
    }
}

function whose({ by }: Mismatch): string {
  return by === 'release' ? 'ARCHITECTURE= says' : 'the host is';
}
