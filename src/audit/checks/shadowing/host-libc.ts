import { objectAt } from '../../../view/object.ts';
import { selectChanged } from '../../changed-paths.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import { fromExtensions, hostChanges, predecessor } from '../../host-change.ts';
import { isLibcPart } from '../../../libc/libc.ts';
import type { Merge } from '../../merge.ts';
import { sameContent } from '../../same-entry.ts';

interface HostLibc extends Observation {
  /** The real path of the replaced part, on the host. */
  readonly hidden: string;
}

export const hostLibc = defineCheck(
  'shadowing/host-libc',
  {
    title: 'A part of the host’s C library is replaced',
    means:
      'The extension contains a loader, a libc or one of its companion libraries (libm, libpthread, libresolv …) ' +
      'where programs of the host find it instead of their own, and it is a different build.',
    matters:
      'These files share data and symbols that have no versions, so they work together only if they come from the ' +
      'same build. Half a libc makes every program of the host fail at start, including systemd and the shell: the ' +
      'machine does not boot. A complete libc of another release works only as long as nothing on the host is ' +
      'older.',
    fix:
      'Move the C library out of the host’s directories. A self-contained extension has its own libc and loader in ' +
      'a private directory: “flix vendor” puts them there.',
  },
  ({ merge }) => gathered(find(merge)),
);

function* find(merge: Merge): Generator<HostLibc> {
  for (const change of hostChanges(merge))
    for (const object of fromExtensions(change, merge)) {
      const before = predecessor(change, object);
      if (before && isLibcPart(object.facts.dynamic?.soname, object.real))
        yield* finding(object.real, before.real, merge);
    }
  for (const path of replacedParts(merge)) yield* finding(path, path, merge);
}

const replacedParts = selectChanged(({ path, kind, before }, { view }) => {
  if (kind !== 'file' || before !== 'file') return undefined;
  const soname = objectAt(view, path).facts?.dynamic?.soname;
  return soname !== undefined && isLibcPart(soname, path) ? path : undefined;
});

function* finding(path: string, before: string, merge: Merge): Generator<HostLibc> {
  if (sameContent(merge.view, path, merge.host!.view, before)) return;
  yield {
    severity: 'error',
    extension: merge.extensionOf(path)!,
    subject: path,
    chain: [
      { name: before, path: before, provider: { kind: 'host' }, origin: null },
      { name: path, path, provider: merge.providerOf(path), origin: null },
    ],
    hidden: before,
    message: `${path} replaces ${before === path ? 'a' : `${before}, a`} part of the host’s C library`,
    fix: 'Leave it out, or give the extension a C library of its own in a private directory with “flix vendor”.',
  };
}
