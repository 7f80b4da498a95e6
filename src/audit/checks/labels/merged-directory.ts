import { hostLabels, isReadableByAll, selinuxOf, typeOf } from '../../../systemd/selinux.ts';
import { LABEL } from '../../../view/attributes.ts';
import { parent } from '../../../view/path.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import type { Extension } from '../../extension.ts';
import type { Merge } from '../../merge.ts';
import { selectShown } from '../../shown-entries.ts';

export const mergedDirectoryLabel = defineCheck(
  'labels/merged-directory',
  {
    title: 'A directory of the host gets another SELinux label',
    means:
      'The host enforces SELinux, and the image and the host both have the directory. Its contents are merged, but its ' +
      'label is that of the topmost layer that has it, which is the image. (The tops /usr, /opt and /etc keep theirs.) ' +
      'The label differs from the one that the host’s policy assigns, or the directory has none in the image and counts ' +
      'as unlabeled_t. For a tree that is not packed yet this is a warning, since packing may change its labels.',
    matters:
      'Confined services may not enter a directory of a type that the policy keeps from them. If /usr/lib or ' +
      '/usr/lib/systemd is such a directory, services fail all over the host, and it may not boot.',
    fix:
      'Pack the image with the labels of the host’s policy: “flix pack TREE --file-contexts FILE” takes its ' +
      'file_contexts, or the root of the host. With other tools, run setfiles on the whole tree, not only on some files.',
  },
  ({ merge }) => gathered(find(merge)),
);

const judgedDirectories = selectShown(({ extension, path, kind }, merge) =>
  merge.host && kind === 'directory' && isJudged(extension, path, merge) ? { extension, path } : undefined,
);

function* find(merge: Merge): Generator<Observation> {
  const { host } = merge;
  const policy = host && selinuxOf(host.view)?.enforcing ? hostLabels(host.view) : undefined;
  if (!host) return;
  for (const { extension, path } of judgedDirectories(merge)) {
    const expected = policy?.(path, 'directory');
    if (expected === undefined) continue;
    const label = labelOf(extension, path);
    const [type, wanted] = [label === undefined ? 'unlabeled_t' : typeOf(label), typeOf(expected)];
    if (type === wanted) continue;
    const isHarmless = isReadableByAll(type) && isReadableByAll(wanted);
    yield {
      // a tree gets its labels when it is packed
      severity: isHarmless || !extension.image ? 'warning' : 'error',
      extension,
      subject: path,
      culprit: type,
      message: `${path} ${label === undefined ? 'has no SELinux label' : `is labelled ${type}`}, and so it will be on the host, whose policy says ${wanted}${isHarmless ? '' : ': confined services may not enter it'}`,
      fix: 'Pack it with the host’s labels: “flix pack TREE --file-contexts FILE”.',
    };
  }
}

/**
 * Whether the label of a directory becomes that of a directory of the host. Images without any label are reported by
 * themselves; a tree without any gets them elsewhere.
 */
function isJudged(extension: Extension, path: string, { view, host }: Merge): boolean {
  return (
    isLabelled(extension) &&
    parent(path) !== '/' &&
    path !== '/' &&
    host!.view.kind(path) === 'directory' &&
    view.source(path).view === extension.layer
  );
}

function isLabelled({ image, attributes }: Extension): boolean {
  if (!attributes || image?.labelled === false) return false;
  return image !== undefined || [...attributes.values()].some(named => named.has(LABEL));
}

/** A label ends with a null byte in most tools, and without one in others. */
function labelOf({ attributes }: Extension, path: string): string | undefined {
  const label = attributes?.get(path)?.get(LABEL)?.toString().replace(/\0+$/, '');
  return label === '' ? undefined : label;
}
