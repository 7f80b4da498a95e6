import type { LoadedObject } from '../../../resolve/closure.ts';
import { objectAt } from '../../../view/object.ts';
import { basename } from '../../../view/path.ts';
import type { View } from '../../../view/view.ts';
import { chainTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { isOf } from '../../extension.ts';
import { type Provider, providerText } from '../../finding.ts';
import type { Subject } from '../../subject.ts';

interface HostLibrary extends Observation {
  /** Who provides it: the host, or another extension, which may be absent. */
  readonly provider: Provider;
}

export const hostLibrary = defineCheck(
  'leaks/host-library',
  {
    title: 'A library from outside the extension is loaded',
    means:
      'A program or plugin of an extension that claims to be self-contained (ID=_any) loads a library that belongs ' +
      'to the host or to another extension. The chain shows which object requested it, and which rule of the ' +
      'loader found it.',
    matters:
      'ID=_any states that the extension runs on any host. The host’s next release may have a version of that ' +
      'library that lacks a symbol, or may not have the library at all. Two libraries of different builds in one ' +
      'process crash in ways that no log explains.',
    fix:
      'Ship the library and let a private loader find it; “flix vendor” does both. If the extension is meant for ' +
      'one host only, say so in its release file: the host’s ID=, with its VERSION_ID= or SYSEXT_LEVEL=.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ merge, subjects, inventories }: Evidence): Generator<HostLibrary> {
  for (const subject of subjects) {
    const { extension, path } = subject;
    if (extension.claim !== 'self-contained') continue;
    for (const object of subject.objects) {
      const provider = merge.providerOf(object.real);
      if (isOf(extension, provider)) continue;
      const own = inventories.find(inventory => inventory.extension === extension)?.objects ?? [];
      yield {
        severity: 'error',
        extension,
        subject: path,
        chain: chainTo(object, subject, merge),
        culprit: object.real,
        provider,
        message: `${object.real} is loaded from ${providerText(provider)}`,
        fix: fix(
          object,
          subject,
          own.filter(file => isRival(merge.view, file, object)),
        ),
      };
    }
  }
}

/** Whether a file of the extension could be loaded instead of the object. */
function isRival(view: View, path: string, { real, facts: { header, dynamic } }: LoadedObject): boolean {
  if (basename(path) !== basename(real) && basename(path) !== dynamic?.soname) return false;
  const own = objectAt(view, path).facts?.header;
  return own?.machine === header.machine && own.class === header.class;
}

function fix(
  object: LoadedObject,
  { closure: { entry, loader } }: Subject,
  copies: readonly string[],
): string {
  if (entry.edges.some(({ tag, to }) => tag === 'preload' && to === object))
    return `The host’s ${loader?.preloadFile} names it: let “flix vendor” give the program a loader that ignores that file.`;
  const [copy] = copies;
  if (copy !== undefined)
    return `The loader does not reach ${copy} of the extension: let “flix vendor” give the program a loader that searches nowhere else.`;
  return 'Ship the library with the program: “flix vendor”.';
}
