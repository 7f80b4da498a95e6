import { RELR_MARKER } from '../../../resolve/version-check.ts';
import { chainTo, linkTo } from '../../chain.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';

export const missingRelrMarker = defineCheck(
  'missing/relr-marker',
  {
    title: 'Packed relocations lack their marker',
    means:
      'An object has packed relocations (DT_RELR) and uses versions of the C library, but does not require ' +
      'GLIBC_ABI_DT_RELR: the linker was told to pack relocations in a way that does not record the requirement.',
    matters:
      'glibc 2.36 and newer refuses such an object: “DT_RELR without GLIBC_ABI_DT_RELR dependency”. Older releases ' +
      'do not know DT_RELR at all, and the program crashes.',
    fix: 'Link it with -Wl,-z,pack-relative-relocs, which records the requirement, or without packed relocations.',
  },
  ({ subjects, merge }) =>
    gathered(
      subjects.flatMap(subject =>
        subject.closure.versionProblems
          .filter(({ version, unmarked }) => version === RELR_MARKER && unmarked)
          .map(({ requester, provider }): Observation => ({
            severity: 'error',
            extension: subject.extension,
            subject: subject.path,
            chain: [...chainTo(requester, subject, merge), ...(provider ? [linkTo(provider, merge)] : [])],
            culprit: requester.real,
            message: `${requester.real} has packed relocations but does not require ${RELR_MARKER}`,
            fix: 'Link it with -Wl,-z,pack-relative-relocs.',
          })),
      ),
    ),
);
