import { CAPABILITY } from '../../../view/attributes.ts';
import type { Check } from '../../check.ts';
import { permittedCapabilities } from '../../file-capabilities.ts';
import type { FindingBase } from '../../finding.ts';
import { shownEntries } from '../../shown-entries.ts';

export interface Capability extends FindingBase {
  readonly kind: 'layout/capability';
  /** As capabilities(7) calls them. */
  readonly capabilities: readonly string[];
}

export const capability: Check<Capability> = {
  kind: 'layout/capability',
  page: {
    title: 'A program brings rights with it',
    means:
      'A file of the extension has capabilities (the extended attribute security.capability, setcap(8)). Those of ' +
      'directories are read with getfattr, those of images from the image itself.',
    matters:
      'Every user of the host who starts it gets these rights: with cap_net_admin, cap_sys_admin or cap_dac_override that ' +
      'is hardly less than root. As with setuid, its loader ignores LD_LIBRARY_PATH and run paths with $ORIGIN.',
    fix:
      'Remove them (setcap -r); “flix pack” takes none into an image. A program that needs rights gets them from its ' +
      'unit (AmbientCapabilities=).',
  },
  *find({ merge }) {
    for (const { extension, path, kind } of shownEntries(merge)) {
      const attribute = kind === 'file' ? extension.attributes?.get(path)?.get(CAPABILITY) : undefined;
      const capabilities = attribute ? permittedCapabilities(attribute) : [];
      if (capabilities.length === 0) continue;
      yield {
        kind: 'layout/capability',
        severity: 'warning',
        extension: extension.name,
        subject: path,
        alsoIn: [],
        chain: [],
        culprit: path,
        capabilities,
        message: `${path} gives ${capabilities.join(', ')} to whoever starts it`,
        fix: 'remove them (setcap -r), and give its unit the rights that it needs',
      };
    }
  },
};
