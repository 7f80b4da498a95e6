import { basename, dirname } from 'node:path';
import { findEmulator } from '../io/shadow.ts';
import type { BoundToHosts, Plan } from '../plan/plan.ts';
import { directoryView } from '../view/directory.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { type ClosureProof, proveClosures } from './closures.ts';
import { proveOnHosts } from './hosts.ts';
import { withReadableTree } from './readable-tree.ts';
import { proveFiles } from './files.ts';
import { type LoaderRoot, NOT_EXECUTABLE } from './loader-list.ts';
import { checkSeal, openVariables } from './seal.ts';
import { proveWrapped } from './wrapped.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { machineOf } from '../elf/machine.ts';
import { follow } from '../view/follow.ts';

/** What this run proved of a finished tree. It depends on the machine, so it is no part of the tree. */
export interface Proof extends ClosureProof {
  /** Files that were read again: the edited ones, or all of a wrapped tree. */
  readonly files: number;
  /** Whether the private or staged loader itself listed the closures; `none`: nothing needs a loader. */
  readonly loader: 'asked' | 'not asked' | 'none';
  /** The emulator that ran the private loader; `undefined` if the kernel did. */
  readonly under: string | undefined;
}

const EMULATOR = '/.flix-emulator';

/** Proves a finished tree before it is published. Throws `FlixError` of kind `proof`. */
export async function proveTree(plan: Plan, directory: string, run: boolean): Promise<Proof> {
  const { under, ...proof } = plan.wrapped
    ? { ...(await proveWrapped(plan, plan.wrapped, directory, run)), under: undefined }
    : plan.bound
      ? proveBound(plan, plan.bound, directory)
      : await proveEdited(plan, directory, run);
  const hasLoader = plan.loader !== undefined || (plan.wrapped?.loaders.length ?? 0) > 0;
  return {
    ...proof,
    under,
    loader: !hasLoader ? 'none' : proof.notRun === undefined ? 'asked' : 'not asked',
  };
}

/** The host's loader is not run: what it lists on this machine would be what this machine has. */
function proveBound(plan: Plan, bound: BoundToHosts, directory: string): Omit<Proof, 'loader'> {
  const tree = directoryView(directory, { label: 'the finished tree' });
  const files = proveFiles(plan, tree);
  const resolved = proveOnHosts(bound, tree);
  return { files, resolved, listed: 0, notRun: undefined, refused: [], under: undefined };
}

async function proveEdited(plan: Plan, directory: string, run: boolean): Promise<Omit<Proof, 'loader'>> {
  const tree = directoryView(directory, { label: 'the finished tree' });
  const files = proveFiles(plan, tree);
  const prove = (root: LoaderRoot) => askLoader(plan, tree, root, run);
  const readable = { directory, tree, loader: plan.loader, expected: plan.expected };
  const native = {
    files,
    ...(await withReadableTree(readable, undefined, at => prove({ directory: at, emulator: undefined }))),
    under: undefined,
  };
  const loader = plan.loader === undefined ? undefined : objectAt(tree, plan.loader).facts;
  if (native.notRun !== NOT_EXECUTABLE || !loader) return native;

  const emulator = emulatorFor(loader.header);
  if (!emulator) return native;
  if (emulator.path === undefined)
    return { ...native, notRun: `${native.notRun}, and ${emulator.name} is not installed` };
  const from = emulator.path;
  const closures = await withReadableTree(readable, { at: EMULATOR, from }, at =>
    prove({ directory: at, emulator: EMULATOR }),
  );
  return { files, ...closures, under: basename(from) };
}

async function askLoader(plan: Plan, tree: View, root: LoaderRoot, run: boolean): Promise<ClosureProof> {
  const { loader, seal, openings } = plan;
  const sample = loader === undefined ? undefined : sampleOf(plan, dirname(loader), tree);
  const [closures, followed] = await Promise.all([
    proveClosures(plan, tree, root, run),
    run && sample && seal === 'auto'
      ? openVariables(root, loader!, sample.object, sample.library)
      : undefined,
  ]);
  const named = openings.filter(({ file }) => file === loader).map(({ through }) => through);
  if (followed) checkSeal(loader!, followed, named);
  return closures;
}

/** Returns an object and a library that it loads from the private directory. */
function sampleOf(
  { expected }: Plan,
  directory: string,
  tree: View,
): { object: string; library: string } | undefined {
  for (const { object, loads } of expected) {
    const library = loads
      .map(path => `${directory}/${basename(path)}`)
      .find(path => tree.kind(path) !== undefined);
    if (library !== undefined) return { object, library };
  }
  return undefined;
}

/** A program that can run a loader for another machine type. */
interface Emulator {
  /** `qemu-aarch64-static` */
  readonly name: string;
  /** A static program of this machine; `undefined` if it is not installed. */
  readonly path: string | undefined;
}

/** Returns `undefined` if qemu does not emulate the machine. */
function emulatorFor(header: ElfHeader): Emulator | undefined {
  const machine = machineOf(header)?.qemu;
  if (machine === undefined) return undefined;
  const path = findEmulator(machine);
  return { name: `qemu-${machine}-static`, path: path !== undefined && isStatic(path) ? path : undefined };
}

function isStatic(path: string): boolean {
  const machine = directoryView('/');
  const real = follow(machine, path).path;
  const facts = real === undefined ? undefined : objectAt(machine, real).facts;
  return facts !== undefined && facts.interpreter === undefined;
}
