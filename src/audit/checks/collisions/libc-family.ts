import { basename } from '../../../view/path.ts';
import { defineCheck, type Evidence, type Observation } from '../../check.ts';
import { asProvider, type Extension } from '../../extension.ts';
import { type Provider, providerText } from '../../finding.ts';
import { hostObjects } from '../../host-objects.ts';
import type { Merge } from '../../merge.ts';
import { rivals, sharedLibraries, type SharedLibrary } from '../../rival-libraries.ts';
import { libcFamily, type LibcFamily } from '../../../libc/libc.ts';
import type { Subject } from '../../subject.ts';

export const libcFamilies = defineCheck(
  'collisions/libc-family',
  {
    title: 'Builds for musl and for glibc meet',
    means:
      'Either a library of one name was built for musl in one place and for glibc in another, both in directories ' +
      'that loaders of either kind search, or one program loads objects of both.',
    matters:
      'musl picks the first file of that name, whatever it was built for, and glibc does not check either: nothing ' +
      'in the file tells them. Two libcs in one process share no heap, no threads and no errno, so the process ' +
      'crashes.',
    fix:
      'Keep builds for the other libc in a private directory with a loader of their own; “flix vendor” does so. ' +
      'Never install them in /usr/lib of a host.',
  },
  function* (evidence) {
    for (const subject of evidence.subjects) yield* inOneProcess(subject, evidence.merge);
    yield* underOneName(evidence);
  },
);

function* inOneProcess({ extension, path, closure, objects }: Subject, merge: Merge): Generator<Observation> {
  const started: LibcFamily | undefined = closure.loader?.family;
  const stranger = objects.find(({ facts }) => {
    const family = libcFamily(facts);
    return family !== undefined && started !== undefined && family !== started;
  });
  if (!stranger) return;
  yield finding(extension, path, stranger.real, [
    `${path} uses the loader of ${started} but loads ${stranger.real}, which was built for ${libcFamily(stranger.facts)}`,
    merge.providerOf(stranger.real),
  ]);
}

function* underOneName({ inventories, merge }: Evidence): Generator<Observation> {
  const own = inventories.flatMap(inventory => sharedLibraries(inventory, merge));
  for (const [one, other] of rivals(own)) yield* pair(one, other.facts, other.path, other.extension);
  for (const library of own)
    for (const { path, facts } of merge.host ? hostObjects(merge.host.view) : [])
      if (facts.dynamic?.soname === library.soname && path !== library.path)
        yield* pair(library, facts, path, undefined);
}

function* pair(
  one: SharedLibrary,
  facts: SharedLibrary['facts'],
  path: string,
  extension: Extension | undefined,
): Generator<Observation> {
  const [mine, theirs] = [libcFamily(one.facts), libcFamily(facts)];
  if (mine === undefined || theirs === undefined || mine === theirs) return;
  const provider = asProvider(extension);
  yield finding(one.extension, one.path, path, [
    `${basename(one.path)} is built for ${mine} here, but for ${theirs} as ${path} of ${providerText(provider)}`,
    provider,
  ]);
}

function finding(
  extension: Extension,
  subject: string,
  other: string,
  [message, provider]: readonly [string, Provider],
): Observation {
  return {
    severity: 'error',
    extension,
    subject,
    chain: [{ name: other, path: other, provider, origin: null }],
    culprit: other,
    message,
    fix: 'Keep builds for another libc in a private directory with a loader of their own: “flix vendor”.',
  };
}
