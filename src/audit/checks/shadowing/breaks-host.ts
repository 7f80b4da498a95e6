import { chainOf, notFound } from '../../chain.ts';
import { defineCheck, type Observation } from '../../check.ts';
import { asProvider } from '../../extension.ts';
import type { ChainLink } from '../../finding.ts';
import { type Culprit, type HostBreak, hostBreaks } from '../../host-break.ts';
import type { Merge } from '../../merge.ts';

interface BreaksHost extends Observation {
  /** Paths of failing programs of the host, and of failing libraries that none of them loads. */
  readonly broken: readonly string[];
  /** What they lack: a library, a symbol version or a symbol. */
  readonly lacking: readonly string[];
}

export const breaksHost = defineCheck(
  'shadowing/breaks-host',
  {
    title: 'A program of the host no longer works',
    means:
      'Once the extension is merged, programs or plugins of the host load a library of the extension instead of ' +
      'their own, and that library lacks a symbol, a symbol version or a library that they need. The audit ' +
      'resolved each of them twice: on the host alone, where everything was found, and in the merged view.',
    matters:
      'The loader aborts such a program when it starts (“version not found”, “undefined symbol”), or when it first ' +
      'calls the missing function. If the system needs that program, it no longer boots, because extensions are ' +
      'merged again at every boot.',
    fix:
      'Move the library out of the directories that the host searches. A self-contained extension has its ' +
      'libraries in a private directory that no other program searches: “flix vendor” puts them there.',
  },
  function* ({ merge }) {
    for (const group of byCulprit(hostBreaks(merge)).values()) yield finding(group, merge);
  },
);

function byCulprit(breaks: readonly HostBreak[]): Map<string, HostBreak[]> {
  const groups = new Map<string, HostBreak[]>();
  for (const one of breaks) groups.set(one.culprit.path, [...(groups.get(one.culprit.path) ?? []), one]);
  return groups;
}

function finding(group: readonly HostBreak[], merge: Merge): BreaksHost {
  const { culprit, requester, problem } = group[0]!;
  const broken = brokenFiles(group);
  const lacking = [...new Set(group.map(({ problem: { name } }) => name))];
  const asked = { name: problem.name, path: null, provider: null, origin: null };
  return {
    severity: 'error',
    extension: culprit.extension,
    subject: culprit.path,
    chain: [
      ...chainOf(requester, merge),
      ...(requester.real === culprit.path ? [] : [culpritLink(culprit)]),
      problem.kind === 'library' ? notFound(problem.name) : asked,
    ],
    broken,
    lacking,
    message: `${some(broken)} of the host ${broken.length === 1 ? 'fails' : 'fail'} with ${culprit.path}: ${because(problem)}`,
    fix: 'Move the library to a private directory with “flix vendor”, or leave it out, so that the host’s own is used.',
  };
}

/** Returns programs, and objects that none of these programs loads. */
function brokenFiles(group: readonly HostBreak[]): string[] {
  const programs = group.filter(({ change: { object } }) => object.role === 'program');
  const loaded = new Set(programs.flatMap(({ change: { after } }) => after.objects.map(({ real }) => real)));
  const paths = group.flatMap(({ change: { object } }) =>
    object.role === 'program' || !loaded.has(object.path) ? [object.path] : [],
  );
  return [...new Set(paths)];
}

function culpritLink({ path, extension }: Culprit): ChainLink {
  return { name: path, path, provider: asProvider(extension), origin: null };
}

function some([first, ...others]: readonly string[]): string {
  return others.length === 0 ? first! : `${first} and ${others.length} more`;
}

function because(problem: HostBreak['problem']): string {
  switch (problem.kind) {
    case 'library':
      return `${problem.name} is missing`;
    case 'version':
      return `it lacks the symbol version ${problem.name}`;
    case 'symbol':
      return `nothing defines the symbol ${problem.name}`;
    case 'fatal':
      return `${problem.name}: ${problem.reason}`;
  }
}
