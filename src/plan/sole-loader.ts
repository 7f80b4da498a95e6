import { machineOf } from '../elf/machine.ts';
import { FlixError } from '../errors.ts';
import { glibc } from '../libc/libc.ts';
import type { Closure } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import type { PlacedClosure } from './closures.ts';

/**
 * Returns the loader that all programs share; `undefined`: all of them are static. Throws `FlixError` if they have
 * different loaders, or if the loader and its libc come from different roots: with a libc of another build, programs
 * crash when they start.
 */
export function soleLoader(closures: readonly PlacedClosure[]): Loader | undefined {
  let sole: { loader: Loader; target: string } | undefined;
  const decisive = closures.filter(({ closure }) => hasOwnLoader(closure));
  for (const { target, closure } of decisive.length > 0 ? decisive : closures) {
    const { loader } = closure;
    if (!loader) continue;
    sole ??= { loader, target };
    if (loader.id !== sole.loader.id)
      throw new FlixError(
        'input',
        'mixed-loaders',
        `${sole.target} runs under ${sole.loader.path}, and ${target} under ${loader.path}`,
        'A private directory has a single loader. Vendor them separately, each with its own --name.',
      );
    refuseForeignLibc(target, closure, loader);
  }
  return sole?.loader;
}

/** Whether a file decides its loader: a plugin without needed libraries works with glibc and musl. */
function hasOwnLoader({ entry: { facts } }: Closure): boolean {
  return facts.interpreter !== undefined || (facts.dynamic?.needed.length ?? 0) > 0;
}

function refuseForeignLibc(target: string, closure: PlacedClosure['closure'], loader: Loader): void {
  const libc = closure.objects.find(({ names }) => names.has(glibc.soname));
  if (!libc) return;
  const [home, origin] = [loader.view.source(loader.real).view, libc.view.source(libc.real).view];
  if (home !== origin)
    throw new FlixError(
      'input',
      'mixed-libc',
      `the loader of ${target}, ${loader.path}, comes from ${home.label}, but its ${glibc.soname} from ${origin.label}`,
      'Name the staging root that has both first.',
    );
}

/** Returns the architecture of all programs, in systemd's spelling; `undefined`: there is no program. Throws `FlixError` if they differ. */
export function architectureOf(closures: readonly PlacedClosure[]): string | undefined {
  const first = closures[0];
  if (!first) return undefined;
  const architecture = machineOf(first.closure.entry.facts.header)?.systemd;
  for (const { target, closure } of closures)
    if (machineOf(closure.entry.facts.header)?.systemd !== architecture)
      throw new FlixError(
        'input',
        'mixed-architectures',
        `${first.target} is for ${architecture}, ${target} for ${machineOf(closure.entry.facts.header)?.systemd}`,
        'An extension has a single ARCHITECTURE=. Vendor them separately.',
      );
  return architecture;
}
