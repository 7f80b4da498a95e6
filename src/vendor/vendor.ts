import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { buildTree, writeManifest } from '../write/build-tree.ts';
import { digestTree } from '../write/digest.ts';
import { checkProofPlace, type ProofDocument, proofDocument, publishProof } from './proof.ts';
import { checkSources, sameTree } from './output.ts';
import { FlixError } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import { holdPlace, makeParent, publishDirectory, temporaryBeside } from '../io/publish.ts';
import { isEarlierResult } from '../plan/earlier.ts';
import { composeManifest } from '../plan/compose-manifest.ts';
import type { Plan, PlannedFile } from '../plan/plan.ts';
import { basename } from '../view/path.ts';
import { type Manifest, type Remark, sbomPath } from '../manifest/manifest.ts';
import { type Proof, proveTree } from '../prove/prove.ts';
import { directoryView, kindAt } from '../view/directory.ts';
import type { VendorRequest } from './request.ts';
import { version } from '../version.ts';
import { makeWrapPlan } from '../plan/flatwrap/make-wrap-plan.ts';
import { makeHostPlan } from '../plan/host-bound/make-host-plan.ts';
import { refuseOverLinks } from '../plan/host-bound/prefix.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { Sbom, SbomInput } from '../sbom/compose-sbom.ts';
import { givenEpoch } from '../io/epoch.ts';
import { writeText } from '../write/own-files.ts';
import { printable } from '../printable.ts';
import { choosePlan, modeText } from './mode.ts';

/** A vendored tree in its place. */
export interface Vendored {
  /** A directory of this machine. */
  readonly tree: string;
  readonly plan: Plan;
  readonly manifest: Manifest;
  readonly proof: Proof;
  /** The proof as it is published beside the tree. */
  readonly proofDocument: ProofDocument;
  /** The place already held the same tree, which was left as it was. */
  readonly unchanged: boolean;
  /** The size of all files, in bytes. */
  readonly size: number;
  /** Set with `--sbom`. */
  readonly sbom?: Sbom | undefined;
}

export interface VendorRun {
  readonly force: boolean;
  /** Whether the proof may run the private loader. */
  readonly run: boolean;
  /** Whether an image will be made of the tree. */
  readonly pack: boolean;
  readonly progress: Progress;
  /** The plan of the request, if there is one already. */
  readonly planned?: Plan | undefined;
}

/** Plans a tree, builds it beside its place, proves it, and only then publishes it. Throws `FlixError`. */
export async function vendor(
  request: VendorRequest,
  { force, run, pack, progress: say, planned }: VendorRun,
): Promise<Vendored> {
  const { out, inPlace } = request;
  const epoch = request.plan.sbom ? givenEpoch() : undefined;
  await makeParent(out);
  return holdPlace(out, say, async () => {
    const present = kindAt(out) === 'directory' ? directoryView(out, { label: out }) : undefined;
    if (present && !inPlace && !force && present.list('/').size > 0 && !isEarlierResult(present))
      throw new FlixError(
        'input',
        'not-ours',
        `${out} contains files that flix did not make`,
        'Name another place with --out, or replace it with --force.',
      );
    checkProofPlace(dirname(out), request.plan.name, force);
    say.step('resolving');
    const plan = planned ?? planOf(request);
    const mode = modeText(plan);
    if (mode !== undefined) say.message(printable(mode));
    if (pack) {
      refuseUnmerged(plan);
      refuseUnclaimed(plan);
    }
    if (!inPlace) checkSources(out, plan.files);
    const directory = await temporaryBeside(out, 'directory');
    const built = await buildTree(plan, directory, {
      replaces: inPlace ? request.plan.tree : undefined,
      progress: say,
    });
    say.step('proving');
    const [proof, { digests, openings }] = await Promise.all([
      proveTree(plan, directory, run),
      digestTree(plan.files, directory, built.originals),
    ]);
    const sbom = request.plan.sbom
      ? await bringSbom({ flix: version, plan, digests, epoch }, directory)
      : undefined;
    const manifest = composeManifest({
      flix: version,
      plan,
      digests,
      sbom: sbom && createHash('sha256').update(sbom.text).digest('hex'),
      open: [...plan.openings, ...openings],
      remarks: [...plan.remarks, ...built.remarks],
      labelOf: request.labelOf,
    });
    const manifestText = writeManifest(directory, manifest);
    const unchanged = inPlace && present !== undefined && sameTree(present, directoryView(directory));
    // the summary prints the sizes of needs, which are read on demand: read them before the root is replaced
    if (inPlace) for (const { size } of plan.needs) size();
    if (!unchanged) await publishDirectory(directory, out);
    say.done();
    const size = [...digests.values()].reduce((sum, digest) => sum + digest.size, 0);
    const localRemarks = [...built.localRemarks, ...proof.refused];
    const { capabilities } = built;
    const document = proofDocument({ manifest, manifestText, proof, remarks: localRemarks, capabilities });
    await publishProof(document, dirname(out), say);
    return { tree: out, plan, manifest, proof, proofDocument: document, unchanged, size, sbom };
  });
}

/** Writes the SBOM into a tree. Its library is loaded only here, since few runs need it. */
async function bringSbom(input: SbomInput, directory: string): Promise<Sbom> {
  const { composeSbom } = await import('../sbom/compose-sbom.ts');
  const sbom = composeSbom(input);
  writeText(directory + sbomPath(input.plan), sbom.text);
  return sbom;
}

/** Refuses a tree that cannot become an image, before anything is written. */
function refuseUnmerged({ remarks }: Plan): void {
  const outside = remarks.filter(({ code }) => code === 'not-merged').map(({ file }) => file);
  if (outside.length > 0)
    throw new FlixError(
      'input',
      'not-merged',
      `the tree contains ${outside.join(', ')}, and an image may contain only /usr and /opt`,
      'Remove it from the tree, or leave out --pack.',
    );
}

/** Refuses a tree whose image no host would merge, before anything is written. */
function refuseUnclaimed({ bound }: Plan): void {
  if (!bound || bound.host.covers) return;
  throw new FlixError(
    'input',
    'no-common-claim',
    `no claim covers ${bound.host.hosts.join(', ')}: they have no VERSION_ID= or SYSEXT_LEVEL= in common, and an image names only one`,
    'Add --per-host to make a tree and an image for each release, or leave out --pack and make an image of the tree for each host: flix pack TREE --host HOST -o IMAGE',
  );
}

/** Makes the plan for the mode of a request, which it chooses for `--mode auto`. Throws `FlixError`. */
export function planOf(request: VendorRequest): Plan {
  const { isExcluded } = request;
  const made = planOfMode(request);
  const { host, tree } = request.plan;
  // a tree that is bound to hosts has its files where the links lead
  if (host && request.mode.mode !== 'host-bound') refuseOverLinks(host, made.files, tree !== undefined);
  return {
    ...made,
    remarks: [...made.remarks, ...made.files.flatMap(file => neededRemark(file, isExcluded))],
  };
}

function planOfMode({ plan, wrapPlan, mode }: VendorRequest): Plan {
  switch (mode.mode) {
    case 'flix':
      return makePlan(plan);
    case 'host-bound':
      return makeHostPlan(plan, mode.hosts, mode.perHost);
    case 'flatwrap':
      return { ...makeWrapPlan(wrapPlan, mode.choices), modeBecause: mode.because };
    case 'auto': {
      const { choices, isExplicit, trim, unwrappable } = mode;
      const chosen = choosePlan({
        flix: () => makePlan(plan),
        flatwrap:
          unwrappable === undefined
            ? overrides => makeWrapPlan(wrapPlan, { ...choices, ...overrides })
            : undefined,
        unwrappable,
        trim,
        level: plan.needs,
        host: plan.host,
      });
      // the usual choice needs a reason only if the user asked flix to choose
      return isExplicit || chosen.wrapped ? chosen : { ...chosen, modeBecause: undefined };
    }
  }
}

/** Says that a file comes along although `--exclude` names it: the option chooses among the named files only. */
function neededRemark(
  { target, content, role, why }: PlannedFile,
  isExcluded: (path: string) => boolean,
): Remark[] {
  if (content.kind !== 'copy' || !isExcluded(content.path)) return [];
  const fix = role === 'loader' ? '' : `; to leave it out, use --exclude-lib ${basename(target)}=WHY`;
  return [
    {
      code: 'excluded-but-needed',
      file: target,
      message: `copied although --exclude names ${content.path}: ${why}${fix}`,
    },
  ];
}
