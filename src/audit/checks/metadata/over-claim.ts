import { claimFor } from '../../../systemd/decision.ts';
import { defineCheck } from '../../check.ts';
import { kernelsOfModules } from '../../kernel-modules.ts';
import { needsOf } from '../../proven-claim.ts';

export const overClaim = defineCheck(
  'metadata/over-claim',
  {
    title: 'The extension claims to run on more hosts than it does',
    means:
      'The release file says ID=_any, which means any host, but the programs load libraries of the host or do not ' +
      'find some of them. The symbols show which hosts are right: those given hosts on which every library, symbol ' +
      'version and symbol is found. Kernel modules fit one release of the kernel only.',
    matters:
      'systemd merges the extension everywhere, including hosts on which its programs do not start. An ID= with ' +
      'VERSION_ID= would keep it away from those, and an update of the host would show that the extension no ' +
      'longer fits.',
    fix:
      'Make the extension self-contained with “flix vendor”, or write the claim that the audit confirms. Build one ' +
      'image for each release of a distribution.',
  },
  function* (evidence) {
    const { host, extensions } = evidence.merge;
    if (!host) return;
    for (const extension of extensions) {
      if (extension.release?.get('ID') !== '_any') continue;
      const kernels = [...kernelsOfModules(extension)];
      if (kernels.length > 0)
        yield {
          severity: 'info',
          extension,
          subject: extension.releaseFile,
          culprit: 'kernel modules',
          proven: undefined,
          message: `ID=_any claims every host, but its kernel modules fit only hosts with the kernel ${kernels.join(' or ')}`,
          fix: 'Write the ID= and VERSION_ID= (or SYSEXT_LEVEL=) of the hosts with this kernel into the release file.',
        };
      const { foreign, met } = needsOf(extension, evidence);
      if (foreign.length === 0) continue;
      const proven = met() ? claimFor(host.release, extension.rules) : undefined;
      yield {
        severity: 'info',
        extension,
        subject: extension.releaseFile,
        culprit: 'ID=_any',
        proven,
        message: `ID=_any claims every host, but the programs load files from outside the extension (${foreign.length}): ${
          proven === undefined
            ? 'even this host lacks something that they need'
            : `the symbols confirm only ${proven}`
        }`,
        fix: `Make it self-contained with “flix vendor”${proven === undefined ? '' : `, or write ${proven} into the release file`}.`,
      };
    }
  },
);
