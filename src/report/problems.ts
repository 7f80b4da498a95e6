import type { Closure, Missing, VersionProblem } from '../resolve/closure.ts';
import { grouped } from './grouped.ts';
import { originText, outcomeText, providerLabel } from './origin.ts';
import { printable } from '../printable.ts';
import type { TextFormat } from './style.ts';

/** Whether the loader would refuse to start the entry. */
export function hasProblem({ missing, fatal, interpreterMissing, versionProblems }: Closure): boolean {
  return (
    missing.length > 0 ||
    fatal !== undefined ||
    interpreterMissing !== undefined ||
    versionProblems.length > 0
  );
}

/** Lists everything that keeps the entry from starting: the file, the cause and a fix. Empty if it would start. */
export function problemsText(closure: Closure, format: TextFormat): string {
  const { interpreterMissing, fatal, missing, versionProblems, entry } = closure;
  const { bad, faint } = format.style;
  const paragraphs: string[] = [];
  if (interpreterMissing !== undefined)
    paragraphs.push(
      `${bad(`interpreter ${printable(interpreterMissing)} is missing`)}\n  requested by ${printable(entry.path)}; the kernel cannot start the program without it\n` +
        `  ${faint('Name the root that contains it and its libc with --staging.')}`,
    );
  if (fatal)
    paragraphs.push(
      `${bad(`${printable(fatal.path)}: ${printable(fatal.reason)}`)}\n` +
        `  ${fatal.requester ? `needed by ${printable(fatal.requester.path)}; ` : ''}the loader stops here\n` +
        `  ${faint('Replace that file, or remove it so that the search continues.')}`,
    );
  const sought = closure.loader ? missing : [];
  if (missing.length > sought.length)
    paragraphs.push(
      `${bad(`${names(missing)} not found`)}\n  without a loader there are no default directories; only run paths were searched` +
        (interpreterMissing === undefined
          ? `\n  ${faint('Name the root that contains the loader and its libc with --staging.')}`
          : ''),
    );
  // every version of a library that is missing or comes after a fatal file is missing, too: reported already
  const absent = new Set(missing.map(({ name }) => name));
  const checked = versionProblems.filter(({ file, provider }) => provider || !(fatal || absent.has(file)));
  for (const problems of grouped(checked, ({ file, provider }) => `${file}\0${provider?.id}`).values())
    paragraphs.push(versionsText(problems, format));
  for (const same of grouped(sought, ({ name }) => name).values()) paragraphs.push(missingText(same, format));
  if (sought.length > 0)
    paragraphs.push(
      faint('Install what is missing into the root, or name a root that has it with --staging.'),
    );
  return paragraphs.join('\n\n');
}

/** Lists the objects that need a missing library, and the places that were searched for it. */
export function missingText(same: readonly Missing[], { style, several }: TextFormat): string {
  const lines = [style.bad(`${printable(same[0]!.name)} is missing`)];
  for (const requester of new Set(same.map(({ requester: { path } }) => path)))
    lines.push(`  needed by ${printable(requester)}`);
  const places = new Map<string, readonly [path: string, outcome: string, origin: string]>();
  for (const { searched } of same)
    for (const { path, outcome, origin } of searched)
      places.set(`${path}\0${outcome}\0${originText(origin)}`, [
        printable(path),
        outcomeText(outcome),
        originText(origin),
      ]);
  const where = several ? 'searched, in every root:' : 'searched:';
  const cut = same.some(missing => missing.cut);
  lines.push(
    `  ${places.size > 0 || cut ? where : 'searched nowhere, since a token in its name has no value here'}`,
  );
  const rows = columns([...places.values()]).map(line => `    ${line}`);
  return [...lines, ...rows, ...(cut ? ['    … and further paths'] : [])].join('\n');
}

function versionsText(problems: readonly VersionProblem[], { style, several }: TextFormat): string {
  const { file, provider } = problems[0]!;
  const lines = [...grouped(problems, ({ version }) => version)].map(([version, same]) => {
    const requesters = new Set(same.map(({ requester: { path } }) => printable(path)));
    return `  ${style.bad(printable(version))} required by ${[...requesters].join(', ')}`;
  });
  if (!provider)
    return [
      style.bad(`no loaded object is called ${printable(file)}`),
      ...lines,
      `  ${style.faint('The loader cannot check its versions and gives up. Restore its DT_SONAME or the DT_NEEDED name.')}`,
    ].join('\n');
  const whose = several ? ` of ${providerLabel(provider)}` : '';
  return [
    style.bad(`${printable(provider.path)}${whose} lacks symbol versions`),
    ...lines,
    `  ${style.faint('Take it from a newer root, or take the program from an older one.')}`,
  ].join('\n');
}

function names(missing: readonly Missing[]): string {
  return [...new Set(missing.map(({ name }) => printable(name)))].join(', ');
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, at) => Math.max(known[at] ?? 0, cell.length)),
    [],
  );
  return rows.map(row =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  );
}
