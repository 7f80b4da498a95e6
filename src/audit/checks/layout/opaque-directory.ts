import { defineCheck, type Observation } from '../../check.ts';
import { asProvider, type Extension } from '../../extension.ts';
import { type Provider, providerText } from '../../finding.ts';
import type { Merge } from '../../merge.ts';

export const opaqueDirectory = defineCheck(
  'layout/opaque-directory',
  {
    title: 'A directory hides everything that the host has in it',
    means:
      'A directory of the extension has the extended attribute trusted.overlay.opaque with the value y. overlayfs ' +
      'does not merge such a directory with those of the host and of lower extensions; if one of them has ' +
      'something there, this is an error. From a directory flix reads the attribute with getfattr, which shows it ' +
      'to root only; from an image anyone can read it.',
    matters:
      'The attribute is copied along with a tree from the upper layer of a container. On the host, every file of ' +
      'that directory disappears while the extension is merged, even though the extension has no file of that name.',
    fix:
      'Remove the attribute (setfattr -x trusted.overlay.opaque DIRECTORY). “flix pack” never copies it into an ' +
      'image.',
  },
  function* ({ merge }) {
    for (const extension of merge.extensions)
      for (const directory of extension.opaque)
        if (isShown(directory, extension, merge)) yield finding(directory, extension, merge);
  },
);

/**
 * Whether the path is still a directory in the merged view, so that no file or link of another extension replaced it.
 */
function isShown(directory: string, { view }: Extension, merge: Merge): boolean {
  return view.kind(directory) === 'directory' && merge.view.kind(directory) === 'directory';
}

function finding(directory: string, extension: Extension, merge: Merge): Observation {
  const hidden = providersBelow(directory, extension, merge).map(providerText);
  return {
    severity: hidden.length > 0 ? 'error' : 'warning',
    extension,
    subject: directory,
    message: `${directory} is opaque and hides ${hidden.length > 0 ? `the files of ${hidden.join(' and ')}` : 'any files of others'} in it`,
    fix: `Run setfattr -x trusted.overlay.opaque ${directory.slice(1)} in the tree.`,
  };
}

/** Returns the lower layers that have something in the directory. */
function providersBelow(directory: string, extension: Extension, { stack, host }: Merge): Provider[] {
  const below = stack.slice(stack.indexOf(extension) + 1).filter(({ view }) => view.list(directory).size > 0);
  return [
    ...below.map(asProvider),
    ...(host && host.view.list(directory).size > 0 ? [{ kind: 'host' } as const] : []),
  ];
}
