import {
  type Manifest,
  MANIFEST_SCHEMA,
  type ManifestEdit,
  type ManifestFile,
  type ManifestNeed,
  type ManifestStaged,
  type ManifestView,
  type Opening,
  type Remark,
  sbomPath,
} from '../manifest/manifest.ts';
import { isBrought, type JudgedNeed } from '../needs/need.ts';
import type { Edit } from '../relocate/edit.ts';
import { packageOf } from '../packages/database.ts';
import type { View } from '../view/view.ts';
import type { Content, Plan, PlannedFile, Wrapped } from './plan.ts';

/** The plan, and what is known only after the tree was written. */
export interface ManifestInput {
  readonly flix: string;
  readonly plan: Plan;
  readonly digests: ReadonlyMap<string, { readonly before: string; readonly after: string }>;
  readonly open: readonly Opening[];
  readonly remarks: Plan['remarks'];
  /** Hexadecimal SHA-256 of the SBOM; `undefined`: there is none. */
  readonly sbom?: string | undefined;
  /** Returns the label of a root, different for each root. */
  readonly labelOf: (view: View) => string;
}

export function composeManifest(input: ManifestInput): Manifest {
  const { flix, plan, digests, open, remarks, labelOf, sbom } = input;
  return {
    schema: MANIFEST_SCHEMA,
    flix,
    name: plan.name,
    mode: plan.wrapped ? 'flatwrap' : plan.bound ? 'host-bound' : 'flix',
    ...(plan.modeBecause !== undefined && { modeBecause: plan.modeBecause }),
    prefix: plan.prefix,
    seal: plan.seal,
    architecture: plan.architecture ?? null,
    ...(plan.wrapped && { view: describeView(plan.wrapped) }),
    ...(plan.bound && { host: plan.bound.host }),
    entries: plan.entries,
    open: [...open].sort((a, b) => order(a.file + a.through, b.file + b.through)),
    remarks: distinct(remarks),
    needs: plan.needs.filter(isRecorded).map(manifestNeed),
    ...stagedRoots(plan, labelOf),
    files: [
      ...plan.files
        .filter(({ content: { kind } }) => kind !== 'directory' && kind !== 'mount-point')
        .map(file => describe(file, digests, labelOf)),
      ...(sbom === undefined ? [] : [describeSbom(sbomPath(plan), sbom)]),
    ],
    ...(sbom !== undefined && { sbom: sbomPath(plan) }),
  };
}

/** The staged roots from which files come, with those of their packages that files come from. */
function stagedRoots(
  plan: Plan,
  labelOf: ManifestInput['labelOf'],
): { readonly staged?: readonly ManifestStaged[] } {
  const owners = new Map<View, Set<string>>();
  for (const { content } of plan.files) {
    const source = sourceOf(content);
    if (source?.view.staged === undefined) continue;
    const names = owners.get(source.view) ?? new Set();
    owners.set(source.view, names);
    const owner = packageOf(source.view, source.path);
    if (owner) names.add(`${owner.name} ${owner.architecture}`);
  }
  const staged = [...owners].map(([view, names]): ManifestStaged => {
    const { source, digest, packages } = view.staged!;
    const known = packages?.filter(({ name, architecture }) => names.has(`${name} ${architecture}`));
    const described = { root: labelOf(view), source, digest };
    return known ? Object.assign(described, { packages: known }) : described;
  });
  return staged.length > 0 ? { staged: staged.sort((a, b) => order(a.root, b.root)) } : {};
}

/** The manifest lists what was brought, and what a program may miss; a candidate may be nothing but text. */
function isRecorded(need: JudgedNeed): boolean {
  return isBrought(need) || (need.verdict === 'open' && need.strength !== 'candidate');
}

/** Returns a need as the manifest has it. */
export function manifestNeed({
  what,
  evidence,
  strength,
  verdict,
  place,
  because,
}: JudgedNeed): ManifestNeed {
  const { kind, file, text, line } = evidence;
  return {
    what,
    who: file,
    evidence: { kind, text, ...(line !== undefined && { line }) },
    strength,
    verdict,
    ...(place !== undefined && { place }),
    ...(because !== undefined && { because }),
  };
}

function describeView({ wrapping: { form, runner, mounts }, because, whole, needs }: Wrapped): ManifestView {
  return { form, because, staged: whole ? 'whole root' : 'closure', runner, mounts, needs };
}

function describe(
  file: PlannedFile,
  digests: ManifestInput['digests'],
  labelOf: ManifestInput['labelOf'],
): ManifestFile {
  const { content, target, role, why } = file;
  const digest = digests.get(target);
  const source = sourceOf(content);
  const edits = content.kind === 'copy' ? content.edits : [];
  const owner = source && packageOf(source.view, source.path);
  return {
    path: target,
    role,
    why,
    ...(content.kind === 'link' && { link: content.to }),
    ...(source && {
      origin: {
        root: labelOf(source.view),
        path: source.path,
        ...(owner && { package: owner.name, version: owner.version }),
      },
    }),
    ...(digest && { sha256: { before: digest.before, after: digest.after } }),
    ...(edits.length > 0 && { edits: edits.map(edit => describeEdit(edit)) }),
  };
}

function describeSbom(path: string, sha256: string): ManifestFile {
  const why = 'the packages and licences of all files (CycloneDX)';
  return { path, role: 'metadata', why, sha256: { before: sha256, after: sha256 } };
}

function sourceOf(content: Content): { readonly view: View; readonly path: string } | undefined {
  if (content.kind === 'copy') return content;
  return content.kind === 'link' ? content.origin : undefined;
}

function describeEdit(edit: Edit): ManifestEdit {
  switch (edit.kind) {
    case 'bytes':
      return { why: edit.why, offset: edit.offset, before: hex(edit.before), after: hex(edit.after) };
    case 'first-line':
      return {
        why: 'starts the private interpreter',
        offset: 0,
        before: latin1(edit.before),
        after: latin1(edit.after),
      };
    case 'interpreter':
      return { why: 'sets the interpreter', by: 'patchelf', to: edit.path };
    case 'run-path':
      return {
        why: 'sets the run path',
        by: 'patchelf',
        ...(edit.value !== undefined && { to: edit.value }),
      };
    case 'needed':
      return { why: 'needs a name, no path', by: 'patchelf', from: edit.from, to: edit.to };
    case 'no-default-lib':
      return { why: 'closes the default directories', by: 'patchelf' };
  }
}

function latin1(text: string): string {
  return hex(Buffer.from(text, 'latin1'));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Sorts remarks and drops repeated ones: an earlier run in place may have made the same remark. */
function distinct(remarks: readonly Remark[]): Remark[] {
  const known = new Map(remarks.map(remark => [`${remark.file}\0${remark.code}\0${remark.message}`, remark]));
  return [...known].sort(([a], [b]) => order(a, b)).map(([, remark]) => remark);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
