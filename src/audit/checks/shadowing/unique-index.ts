import { walk } from '../../../view/walk.ts';
import { defineCheck, type Observation } from '../../check.ts';
import type { Merge } from '../../merge.ts';
import { sameEntry } from '../../same-entry.ts';
import { type UniqueIndex, uniqueIndices } from '../../unique-index.ts';

interface HiddenIndex extends Observation {
  /** Who owns the shadowed copies: `the host`, or names of extensions. */
  readonly hides: readonly string[];
}

export const hiddenIndex = defineCheck(
  'shadowing/unique-index',
  {
    title: 'An index shadows another index',
    means:
      'The extension contains a file that describes everything that is installed (modules.dep, ld.so.cache, an ' +
      'icon, MIME or schema cache, a package database), and the host or another extension has the same file. ' +
      'Overlays do not merge files: only the topmost one is visible, and it does not list what the others contain.',
    matters:
      'What the hidden index listed still exists but is not found: kernel modules do not load, icons are blank, a ' +
      'program aborts because its schema “is not installed”.',
    fix:
      'Leave the index out of the extension; packagers delete it after installation. If the host does not rebuild ' +
      'it by itself, rebuild it on the host after the merge, outside /usr if the tool allows that.',
  },
  function* ({ merge }) {
    for (const extension of merge.stack)
      for (const { path, kind } of walk(extension.view, '/')) {
        const index =
          kind === 'directory' ? undefined : uniqueIndices.find(candidate => candidate.path.test(path));
        if (!index || merge.view.kind(path) === undefined || merge.extensionOf(path) !== extension) continue;
        const hides = hiddenBy(path, merge);
        if (hides.length > 0) yield finding(path, index, hides, merge);
      }
  },
);

function hiddenBy(path: string, { stack, host, view }: Merge): string[] {
  const differs = (layer: Merge['view']) => layer.kind(path) !== undefined && !sameEntry(view, layer, path);
  return [
    ...stack.filter(extension => differs(extension.view)).map(({ name }) => name),
    ...(host && differs(host.view) ? ['the host'] : []),
  ];
}

function finding(path: string, index: UniqueIndex, hides: readonly string[], merge: Merge): HiddenIndex {
  const provider = merge.providerOf(path);
  return {
    severity: index.vital ? 'error' : 'warning',
    extension: merge.extensionOf(path)!,
    subject: path,
    chain: [{ name: path, path, provider, origin: null }],
    hides,
    message: `${path} lists ${index.of} and shadows the one of ${hides.join(' and ')}: ${index.effect}`,
    fix: `Remove it from the tree (${index.tool} creates it).`,
  };
}
