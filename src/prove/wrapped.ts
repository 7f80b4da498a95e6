import { run as runTool } from '../io/spawn.ts';
import { FlixError } from '../errors.ts';
import type { Plan, PlannedFile, Wrapped } from '../plan/plan.ts';
import { directoryView } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import { type ClosureProof, proveClosures } from './closures.ts';
import { withReadableTree } from './readable-tree.ts';
import { wayOut } from './loader-list.ts';

/**
 * Proves a wrapped tree: it is complete, the shell can parse the wrappers, and the loaders of the staged root, run in a
 * chroot of it, list what the plan says. Throws `FlixError` of kind `proof`.
 *
 * @param run whether the loaders may be run (not with `--no-run`)
 */
export async function proveWrapped(
  plan: Plan,
  { wrapping: { prefix }, loaders }: Wrapped,
  directory: string,
  run: boolean,
): Promise<ClosureProof & { readonly files: number }> {
  const files = proveComplete(plan, directoryView(directory, { label: 'the finished tree' }));
  for (const { target, role } of plan.files) if (role === 'wrapper') await proveShell(directory, target);
  const root = directory + prefix;
  const tree = directoryView(root, { label: 'the staged root' });
  const proofs: ClosureProof[] = [];
  for (const { path: loader, expected } of loaders)
    proofs.push(
      await withReadableTree({ directory: root, tree, loader, expected }, undefined, at =>
        proveClosures({ loader, expected }, tree, { directory: at, emulator: undefined }, run),
      ),
    );
  const sum = (of: 'listed' | 'resolved') => proofs.reduce((total, proof) => total + proof[of], 0);
  return {
    files,
    listed: sum('listed'),
    resolved: sum('resolved'),
    refused: proofs.flatMap(({ refused }) => refused),
    notRun: proofs.find(({ notRun }) => notRun !== undefined)?.notRun,
  };
}

/** @returns the number of files and links, all found as planned */
function proveComplete({ files }: Plan, tree: View): number {
  for (const file of files) {
    const problem = tree.kind(file.target) === undefined ? 'it is missing' : differs(file, tree);
    if (problem !== undefined)
      throw new FlixError(
        'proof',
        'tree-differs',
        `${file.target}: ${problem}`,
        'Nothing was published. Run the command again when nothing else writes to the root.',
      );
  }
  return files.filter(({ content: { kind } }) => kind !== 'directory' && kind !== 'mount-point').length;
}

function differs({ target, content }: PlannedFile, tree: View): string | undefined {
  if (content.kind === 'link')
    return tree.readlink(target) === content.to ? undefined : `it points to ${tree.readlink(target)}`;
  if (content.kind !== 'copy') return undefined;
  const [size, planned] = [tree.stat(target).size, content.view.stat(content.path).size];
  return size === planned ? undefined : `it has ${size} bytes, but ${planned} bytes in its root`;
}

async function proveShell(directory: string, target: string): Promise<void> {
  const { exitCode, stderr } = await runTool('sh', ['-n', directory + target], { allowFailure: true });
  if (exitCode !== 0) throw new FlixError('proof', 'wrapper-syntax', `${target}: ${stderr.trim()}`, wayOut);
}
