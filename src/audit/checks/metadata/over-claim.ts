import { defineCheck } from '../../check.ts';
import { claimFor, needsOf } from '../../proven-claim.ts';

export const overClaim = defineCheck(
  'metadata/over-claim',
  {
    title: 'The extension claims more hosts than its programs run on',
    means:
      'The release file says ID=_any, any host, and the programs load libraries of the host or miss some. Which hosts ' +
      'are right, the symbols tell: those that were given and on which every library, version and symbol is found.',
    matters:
      'systemd merges the extension everywhere, on hosts too where its programs do not start. An ID= with VERSION_ID= ' +
      'would have kept it from there, and an update of the host would say that it does not fit any more.',
    fix:
      'Make it self-contained (“flix vendor”), or write the claim that is proven. Several releases of one distribution ' +
      'are one image each.',
  },
  function* (evidence) {
    const { host, extensions } = evidence.merge;
    if (!host) return;
    for (const extension of extensions) {
      if (extension.release?.get('ID') !== '_any') continue;
      const { foreign, met } = needsOf(extension, evidence);
      if (foreign.length === 0) continue;
      const proven = met() ? claimFor(host.release, extension.rules) : undefined;
      yield {
        severity: 'info',
        extension,
        subject: extension.releaseFile,
        culprit: 'ID=_any',
        proven,
        message: `ID=_any says any host, and ${foreign.length} files from outside of it are loaded: ${
          proven === undefined ? 'not even here is all that it needs' : `proven is ${proven}`
        }`,
        fix: `make it self-contained with “flix vendor”${proven === undefined ? '' : `, or write ${proven}`}`,
      };
    }
  },
);
