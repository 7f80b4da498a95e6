import { machineOf } from '../elf/machine.ts';
import { FlixError } from '../errors.ts';
import { glibc } from '../libc/libc.ts';
import type { Closure } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import type { PlacedClosure } from './closures.ts';

/**
 * The one loader that serves all programs, with the libc of its own root: a loader and a libc of two builds do not
 * fit together, and the program dies at its start. Throws `FlixError` on any mix. `undefined`: nothing is dynamic.
 */
export function soleLoader(closures: readonly PlacedClosure[]): Loader | undefined {
  let sole: { loader: Loader; target: string } | undefined;
  const telling = closures.filter(({ closure }) => tellsItsLoader(closure));
  for (const { target, closure } of telling.length > 0 ? telling : closures) {
    const { loader } = closure;
    if (!loader) continue;
    sole ??= { loader, target };
    if (loader.id !== sole.loader.id)
      throw new FlixError(
        'input',
        'mixed-loaders',
        `${sole.target} runs under ${sole.loader.path}, and ${target} under ${loader.path}`,
        'One private directory serves one loader. Vendor them apart, each with its own --name.',
      );
    refuseForeignLibc(target, closure, loader);
  }
  return sole?.loader;
}

/** A plugin that needs nothing suits glibc and musl alike: its loader was only supposed. */
function tellsItsLoader({ entry: { facts } }: Closure): boolean {
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
      `${target}: its loader ${loader.path} comes from ${home.label}, and its ${glibc.soname} from ${origin.label}`,
      'Put the staging root that holds both first.',
    );
}

/** The one architecture of all programs, in systemd's spelling. Throws `FlixError` on a mix. `undefined`: nothing decides it. */
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
        'An extension declares one ARCHITECTURE=. Vendor them apart.',
      );
  return architecture;
}
