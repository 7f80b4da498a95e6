import { linkTo } from '../../chain.ts';
import { defineCheck, type Evidence, gathered, type Observation } from '../../check.ts';
import { openingsOf } from '../../openings.ts';

interface OpenVariables extends Observation {
  /** Variables, and files outside the extension. */
  readonly open: readonly string[];
}

export const openVariables = defineCheck(
  'leaks/open-variables',
  {
    title: 'The loader can be made to load foreign code',
    means:
      'The loader of a self-contained extension (ID=_any) honours LD_LIBRARY_PATH, LD_PRELOAD or LD_AUDIT, or ' +
      'reads the host’s /etc/ld.so.cache or /etc/ld.so.preload.',
    matters:
      'If such a variable is set, or such a file exists, the loader brings code that was built for the host into a ' +
      'program with a different libc, which may crash it. Through the cache, a plugin that the program merely tries to ' +
      'open comes from the host. None of this is certain to happen, so it is only a warning. If the cache or the ' +
      'preload file of the audited host does load a library, that is a separate error: leaks/host-library.',
    fix:
      '“flix vendor” seals the loader: it makes a copy that ignores these variables and files. If the loader of an ' +
      'architecture cannot be sealed, use a wrapper that unsets the variables.',
  },
  evidence => gathered(find(evidence)),
);

function* find({ merge, subjects }: Evidence): Generator<OpenVariables> {
  for (const { extension, path, role, closure } of subjects) {
    const { loader } = closure;
    if (role !== 'program' || !loader || extension.claim !== 'self-contained') continue;
    const open = openingsOf(loader);
    if (open.length === 0) continue;
    const provider = merge.providerOf(loader.real);
    yield {
      extension,
      subject: path,
      chain: [
        linkTo(closure.entry, merge),
        { name: loader.path, path: loader.real, provider, origin: { kind: 'loader' } },
      ],
      culprit: loader.real,
      open,
      message: `the loader ${loader.real} honours ${open.join(', ')}`,
      fix: 'Seal the loader with “flix vendor”.',
    };
  }
}
