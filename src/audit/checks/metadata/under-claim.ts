import { claimFor, systemdDecision } from '../../../systemd/decision.ts';
import { defineCheck } from '../../check.ts';
import { kernelsOfModules } from '../../kernel-modules.ts';
import { needsOf } from '../../proven-claim.ts';

export const underClaim = defineCheck(
  'metadata/under-claim',
  {
    title: 'The extension would work on more hosts than it claims',
    means:
      'The release file binds the extension to a host, although its programs load nothing from outside it, or find every ' +
      'library, symbol version and symbol on a host that the claim excludes.',
    matters:
      'With every release of the host the extension is skipped until somebody builds a new image, although the old one ' +
      'would work. (The symbols do not show what data, scripts or plugins need from the host.)',
    fix:
      'Test the extension on that host, then widen the claim: ID=_any for a self-contained extension, or a second image ' +
      'with the other release’s VERSION_ID=.',
  },
  function* (evidence) {
    const { host, extensions } = evidence.merge;
    if (!host) return;
    for (const extension of extensions) {
      const { release, releaseFile, rules } = extension;
      const id = release?.get('ID');
      // a module fits one kernel only, which symbols do not show
      if (!release || !id || id === '_any' || kernelsOfModules(extension).size > 0) continue;
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
            ? `its programs load nothing from outside it, but ID=${id} binds it to one distribution`
            : `everything that its programs load exists with ${proven}, but its release file excludes that host`,
        fix: `Test it there, then write ${proven} into the release file.`,
      };
    }
  },
);
