import type { Searched } from '../../../resolve/closure.ts';
import { objectAt } from '../../../view/object.ts';
import { basename, parent } from '../../../view/path.ts';
import { chainTo, notFound, linkTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import type { ChainLink } from '../../finding.ts';
import { isLoaderName } from '../../../libc/libc.ts';
import { missingLibraries, severityFor } from '../../missing-libraries.ts';
import type { Subject } from '../../subject.ts';

interface MissingLibrary extends Observation {
  /** Every place that the loader searches, in order; empty if no loader is known. */
  readonly searched: readonly Searched[];
}

export const missingLibrary = defineCheck(
  'missing/library',
  {
    title: 'A library is missing',
    means:
      'A program or plugin needs a library that neither its extension nor the host provides. Without a host, the ' +
      'audit searches the extensions only: a self-contained extension must contain the library; for any other this ' +
      'is a note.',
    matters:
      'The program does not start: “error while loading shared libraries”. If only a plugin needs the library, the ' +
      'program runs without that plugin. Packages often contain plugins for libraries that they merely suggest, so ' +
      'this is a warning.',
    fix:
      'Ship the library: “flix vendor --staging ROOT” takes it from a root that has it. Leave out plugins that ' +
      'nobody needs.',
  },
  evidence => gathered(find(evidence)),
);

function* find(evidence: Evidence): Generator<MissingLibrary> {
  const { merge, subjects } = evidence;
  for (const { subject, missing, absence } of missingLibraries(evidence)) {
    // these are reported as missing/unread-ld-conf and missing/not-in-cache
    if (absence.why === 'unread-configuration' || absence.why === 'not-in-cache') continue;
    const { name, requester, searched } = missing;
    const elsewhere = absence.why === 'elsewhere' ? absence.path : undefined;
    yield finding(subject, name, chainTo(requester, subject, merge), searched, evidence, elsewhere);
  }
  if (!merge.host)
    for (const subject of subjects.filter(({ closure }) => !closure.loader))
      for (const name of namesOfNoFile(subject, evidence))
        yield finding(subject, name, [linkTo(subject.closure.entry, merge)], [], evidence);
}

function finding(
  subject: Subject,
  name: string,
  chain: readonly ChainLink[],
  searched: readonly Searched[],
  { merge: { host, extensionOf } }: Evidence,
  elsewhere?: string,
): MissingLibrary {
  const { extension, path, role } = subject;
  const ofHost = elsewhere !== undefined && extensionOf(elsewhere) === undefined;
  const left = !host && extension.claim === 'host-bound';
  const severity = left ? 'info' : severityFor(subject);
  const why =
    elsewhere !== undefined
      ? `no search reaches ${elsewhere}${ofHost ? ' of the host' : ''}`
      : host
        ? 'neither the extension nor the host provides it'
        : 'the extension does not contain it';
  return {
    severity,
    extension,
    subject: path,
    chain: [...chain, notFound(name)],
    culprit: name,
    searched,
    message: left ? `${name} is left to the host, but no host was given` : `${name} is missing: ${why}`,
    fix: left ? 'Name the host with --host to check it.' : fix(role, elsewhere, ofHost),
  };
}

function fix(role: Subject['role'], elsewhere: string | undefined, ofHost: boolean): string {
  if (elsewhere !== undefined && !ofHost)
    return `Vendor the programs again with “flix vendor --library-path ${parent(elsewhere)}”.`;
  const ship = 'Ship the library: “flix vendor --staging ROOT” takes it from a root that has it.';
  return role === 'program' ? ship : `${ship} Or leave out the plugin, if nobody needs it.`;
}

/** Without a loader there is no search: returns the needed names that no file of any extension has. */
function namesOfNoFile({ closure: { entry } }: Subject, { inventories, merge }: Evidence): string[] {
  const sonameOf = (path: string) => objectAt(merge.view, path).facts?.dynamic?.soname ?? '';
  const names = new Set(
    inventories.flatMap(({ objects }) => objects.flatMap(path => [basename(path), sonameOf(path)])),
  );
  const needed =
    entry.facts.dynamic?.needed.filter(({ tag }) => tag === 'needed').map(({ name }) => name) ?? [];
  return needed.filter(name => !names.has(basename(name)) && !isLoaderName(name, entry.facts));
}
