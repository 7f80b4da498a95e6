import { systemdDecision } from '../../../systemd/decision.ts';
import { defineCheck } from '../../check.ts';
import { claimFor, needsOf } from '../../proven-claim.ts';

export const underClaim = defineCheck(
  'metadata/under-claim',
  {
    title: 'The extension would run on more hosts than it claims',
    means:
      'The release file binds the extension to a host, and either its programs load nothing from outside of it, or they ' +
      'find every library, version and symbol on a host that the claim shuts out.',
    matters:
      'With every release of the host the extension is passed over until somebody makes a new image, although the old ' +
      'one would do. What data, scripts or plugins ask of the host the symbols do not tell.',
    fix:
      'Try it there (“flix try”), and write the wider claim: ID=_any for a self-contained extension, or an image with ' +
      'the other release’s VERSION_ID=.',
  },
  function* (evidence) {
    const { host, extensions } = evidence.merge;
    if (!host) return;
    for (const extension of extensions) {
      const { release, releaseFile, rules } = extension;
      const id = release?.get('ID');
      if (!release || !id || id === '_any') continue;
      const { foreign, met, subjects } = needsOf(extension, evidence);
      const decision = systemdDecision(release, host.release, host.architecture, rules);
      const isShutOut = !decision.accepted && ['level', 'no-version', 'version'].includes(decision.rule);
      if (subjects === 0 || (foreign.length > 0 && !isShutOut) || !met()) continue;
      const proven = foreign.length === 0 ? 'ID=_any' : claimFor(host.release, rules);
      yield {
        severity: 'info',
        extension,
        subject: releaseFile,
        culprit: proven,
        proven,
        message:
          foreign.length === 0
            ? `its programs load nothing from outside of it, and ID=${id} binds it to one distribution`
            : `all that its programs load is there with ${proven}, which its release file shuts out`,
        fix: `try it there, and write ${proven}`,
      };
    }
  },
);
