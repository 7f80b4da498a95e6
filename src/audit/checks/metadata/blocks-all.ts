import { follow } from '../../../view/follow.ts';
import { defineCheck } from '../../check.ts';

const OS_RELEASE = '/usr/lib/os-release';

export const blocksAll = defineCheck(
  'metadata/blocks-all',
  {
    title: 'One extension prevents systemd from merging any',
    means:
      'The extension contains /usr/lib/os-release, which only the host may have. systemd-sysext takes it for the ' +
      'image of a complete system and gives up: not only this extension is left out, but all of them.',
    matters:
      '“systemd-sysext merge” fails (257: “Failed to read metadata for image”; 252 prints “refusing” and exits ' +
      'with 0). After the next boot every extension of the host is gone, including those that have nothing to do ' +
      'with this one.',
    fix: 'Remove /usr/lib/os-release from the tree. Packages such as base-files install it.',
  },
  function* ({ merge }) {
    for (const extension of merge.extensions)
      // src/shared/extension-util.c, extension_has_forbidden_content (255); src/sysext/sysext.c, merge_subprocess (252)
      if (follow(extension.view, OS_RELEASE).path !== undefined)
        yield {
          severity: 'error',
          extension,
          subject: OS_RELEASE,
          message: `it contains ${OS_RELEASE}, which stops systemd from merging any extension`,
          fix: `Remove ${OS_RELEASE} from the tree.`,
        };
  },
);
