import type { Vendored } from '../vendor/vendor.ts';
import { modeText } from '../vendor/mode.ts';
import type { PackedImage } from '../pack/image.ts';
import type { Manifest, ManifestHost } from '../manifest/manifest.ts';
import type { Plan } from '../plan/plan.ts';
import type { Proof } from '../prove/prove.ts';
import type { Strength } from '../needs/need.ts';
import { basename } from '../view/path.ts';
import { grouped } from './grouped.ts';
import { needRows, needsDocument } from './needs.ts';
import { count, size as bytes } from './numbers.ts';
import { imageDocument, imageText } from './image.ts';
import { printable, someOf } from '../printable.ts';
import { roundRows, roundsDocument } from './trial.ts';
import type { Rounds } from '../vendor/try-rounds.ts';
import type { Sbom } from '../sbom/compose-sbom.ts';
import type { Style } from './style.ts';
import { stagedCount, unitsWithDropIn, viewRows } from './flatwrap.ts';

const PRIVATE = 'the private loader';
const STAGED = 'the staged loader';

/** Summarises what was made, how it was proved, and what stays open. */
export function vendorText(
  { tree, plan, manifest, proof, proofDocument, unchanged, size, sbom }: Vendored,
  image: PackedImage | undefined,
  level: Strength,
  style: Style,
  rounds?: Rounds,
): string {
  const rows: [string, string][] = [
    ['entries', listed(plan.entries)],
    ['brought', `${manifest.view ? stagedCount(manifest) : counted(manifest)}, ${bytes(size)}`],
  ];
  if (plan.loader !== undefined)
    rows.push(['loader', `${plan.loader}, ${plan.seal === 'auto' ? 'sealed' : 'not sealed'}`]);
  if (manifest.view) rows.push(...viewRows(manifest.view, unitsWithDropIn(manifest)));
  if (manifest.host) rows.push(...hostRows(manifest.host));
  for (const line of needRows(plan.needs, level)) rows.push(['needs', line]);
  rows.push(['proof', proofText(proof, plan.wrapped ? STAGED : PRIVATE)]);
  if (sbom) rows.push(['sbom', sbomText(manifest, sbom)]);
  if (rounds) for (const line of roundRows(rounds)) rows.push(['tried', line]);
  if (proofDocument.capabilities === 'not read')
    rows.push(['not read', 'file capabilities of the programs, because getcap is not installed']);
  for (const line of openLines(manifest)) rows.push(['open', line]);
  const head = `${style.strong(plan.name)}: ${printable(tree)}${unchanged ? ' (unchanged)' : ''}`;
  return `${[head, ...aligned(rows, style)].join('\n')}\n${image ? imageText(image) : ''}`;
}

/** Lists what a run would make, for `--dry-run`. */
export function planText(plan: Plan, level: Strength, out: string): string {
  const mode = modeText(plan) ?? [];
  const lines = plan.files.map(({ target, content, role, why }) => {
    const what =
      content.kind === 'link'
        ? `-> ${content.to}`
        : content.kind === 'copy' && content.edits.length > 0
          ? `edited: ${content.edits.map(editName).join(', ')}`
          : '';
    return [printable(target), role, printable(why), printable(what)].filter(Boolean).join('  ');
  });
  const host = plan.bound
    ? [
        ...plan.bound.host.choices.map(({ name, from, because }) =>
          printable(`${name}  from the ${from}: ${because}`),
        ),
        `claim  ${plan.bound.host.claim}`,
      ]
    : [];
  return `${plan.name}: ${printable(out)} would contain\n${[...[mode].flat().map(printable), ...lines, ...host, ...needRows(plan.needs, level)].map(line => `  ${line}\n`).join('')}`;
}

const KINDS = {
  copy: 'file',
  text: 'file',
  link: 'link',
  directory: 'directory',
  'mount-point': 'directory',
} as const;

/** Returns the plan as one document, for scripts. */
export function planDocument(plan: Plan, out: string) {
  return {
    schema: 'flix.plan/1',
    name: plan.name,
    out,
    mode: plan.wrapped ? 'flatwrap' : 'flix',
    ...(plan.modeBecause !== undefined && { modeBecause: plan.modeBecause }),
    prefix: plan.prefix,
    architecture: plan.architecture ?? null,
    entries: plan.entries,
    remarks: plan.remarks,
    open: plan.openings,
    ...(plan.bound && { host: plan.bound.host }),
    needs: needsDocument(plan.needs, () => undefined).needs,
    files: plan.files.map(({ target, role, why, content }) => ({
      path: target,
      role,
      why,
      kind: KINDS[content.kind],
      ...(content.kind === 'link' && { link: content.to }),
      ...(content.kind === 'copy' && content.edits.length > 0 && { edits: content.edits.map(editName) }),
    })),
  };
}

/** Returns the result as one document, for scripts. */
export function vendorDocument(
  { tree, manifest, proofDocument, unchanged, size, sbom }: Vendored,
  image: PackedImage | undefined,
  rounds?: Rounds,
) {
  return {
    schema: 'flix.vendor/1',
    tree,
    unchanged,
    size,
    proof: proofDocument,
    manifest,
    ...(sbom && { sbom: { path: manifest.sbom, packages: sbom.packages, unowned: sbom.unowned } }),
    image: image ? imageDocument(image) : null,
    ...(rounds && { tried: roundsDocument(rounds) }),
  };
}

function editName(
  edit: Extract<Plan['files'][number]['content'], { kind: 'copy' }>['edits'][number],
): string {
  if (edit.kind === 'first-line') return `starts with ${edit.after}`;
  return edit.kind === 'bytes' ? edit.why : edit.kind;
}

function sbomText({ sbom: path }: Manifest, { packages, unowned }: Sbom): string {
  const rest = unowned.length > 0 ? `; of no package: ${someOf(unowned)}` : '';
  return `${path}, ${count(packages, 'package')}${rest}`;
}

/** Says what is taken from the hosts, and where systemd accepts the tree. */
function hostRows({ hosts, claim, covers, choices, files }: ManifestHost): [string, string][] {
  const libraries = choices.filter(({ from }) => from === 'host');
  const from = `${count(libraries.length, 'library', 'libraries')} and ${count(files.length, 'file')} of ${hosts.join(', ')}`;
  return [
    ['host', from],
    ['claim', covers ? claim : `${claim} alone, which no host accepts: pack an image for each`],
  ];
}

function listed(entries: readonly string[]): string {
  return someOf(entries.map(printable), 5, ' ') || 'none';
}

function counted({ files }: Manifest): string {
  const libraries = files.filter(({ role, link }) => role === 'library' && link === undefined).length;
  const others = files.filter(
    ({ role, link }) => role !== 'library' && role !== 'metadata' && role !== 'loader' && link === undefined,
  ).length;
  const roots = [...new Set(files.flatMap(({ origin }) => origin?.root ?? []))];
  return `${count(libraries, 'private library', 'private libraries')}, ${count(others, 'other file')}, from ${roots.join(', ')}`;
}

/** Returns a line for what can come in and how, with the names of all files through which it can. */
function openLines({ open }: Manifest): string[] {
  const ways = [...grouped(open, ({ admits, file }) => `${admits}\0${file}`).values()].map(all => ({
    file: basename(all[0]!.file),
    what: `${all.map(({ through }) => through).join(', ')}: ${all[0]!.admits}`,
  }));
  return [...grouped(ways, ({ what }) => what)].map(
    ([what, alike]) => `${what} (${[...new Set(alike.map(({ file }) => file))].join(', ')})`,
  );
}

function proofText({ files, resolved, listed: asked, notRun, under }: Proof, loader: string): string {
  const by = under === undefined ? '' : `, run by ${under}`;
  const parts = [`${count(files, loader === STAGED ? 'file' : 'edited file')} read again`];
  if (asked > 0) parts.push(`${count(asked, 'closure')} confirmed by ${loader}${by}`);
  if (resolved > 0) parts.push(`${count(resolved, 'closure')} resolved again`);
  if (notRun !== undefined) parts.push(`${loader} was not run: ${notRun}`);
  return parts.join(', ');
}

function aligned(rows: readonly [string, string][], style: Style): string[] {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `  ${style.faint(label.padEnd(width))}  ${printable(text)}`);
}
