import { FlixError } from '../errors.ts';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { progress, type Progress } from '../io/progress.ts';
import { MissingLibraries } from '../plan/missing-libraries.ts';
import { isDistribution, readSource } from '../stage/source.ts';
import { kindAt, realPlace } from '../view/directory.ts';
import { shellWord } from '../shell-word.ts';
import type { distributionOptions } from './option-table.ts';
import type { OptionValues } from './options.ts';

/** Which packages a command needs from a source that is a distribution. */
export interface SourceNeeds {
  readonly include?: readonly string[];
  readonly arch?: string | undefined;
  /** Further options of `flix stage`. */
  readonly stage?: Partial<OptionValues<typeof distributionOptions>> | undefined;
}

/** Whether a place is a source such as `oci:DIRECTORY`, which is staged before it is read. A directory of that name is a root. */
export function isSource(place: string): boolean {
  return /^[a-z-]+:/.test(place) && kindAt(realPlace(place)) === undefined && readSource(place) !== undefined;
}

/** Gives `use` a directory for each place: a source is staged into a temporary directory meanwhile. Throws `FlixError`. */
export async function withStaged<T>(
  places: readonly string[],
  use: (directories: readonly string[]) => Promise<T>,
  needs: SourceNeeds = {},
  say: Progress = progress({ quiet: false }),
): Promise<T> {
  const at = places.findIndex(isSource);
  if (at < 0) return use(places);
  const { ROOT, stageInto } = await import('../stage/stage.ts');
  return inPrivateDirectory(async temporary => {
    const directory = `${temporary}/${ROOT}`;
    const place = places[at]!;
    const source = readSource(place)!;
    const { include = [], arch, stage = {} } = needs;
    const hasPackages = isDistribution(source);
    const options = {
      mirror: [],
      recommends: false,
      arch,
      ...(hasPackages && stage),
      include: hasPackages ? [...(stage.include ?? []), ...include].flatMap(names => names.split(',')) : [],
    };
    await stageInto(source, temporary, options, say);
    try {
      return await withStaged(
        places.map((other, index) => (index === at ? directory : other)),
        use,
        needs,
        say,
      );
    } catch (error) {
      throw inTermsOf(error, directory, place, hasPackages ? options.include : undefined);
    }
  });
}

/**
 * Names a source in an error as the user did, instead of the directory that is gone.
 *
 * @param packages those that were unpacked, if the source is a distribution
 */
function inTermsOf(
  error: unknown,
  directory: string,
  place: string,
  packages: readonly string[] | undefined,
): unknown {
  if (!(error instanceof FlixError)) return error;
  const { kind, code, message, fix } = error;
  const named = (text: string) => text.replaceAll(directory, place);
  const shown = fix === undefined ? undefined : named(fix);
  if (!(error instanceof MissingLibraries) || packages === undefined)
    return new FlixError(kind, code, named(message), shown);
  const likely = error.libraries.flatMap(name => packageNamedAfter(name) ?? []);
  const added = [...new Set(likely)].filter(name => !packages.includes(name));
  return new FlixError(
    kind,
    code,
    named(message),
    added.length === 0
      ? shown
      : `No unpacked package depends on the one that has it (by the rules for names, ${added.join(', ')}). Make a root with it, or add it to "stage": {"include": […]} of a recipe.\nflix stage ${shellWord(place)} --include ${[...packages, ...added].map(shellWord).join(',')} -o ./root`,
  );
}

/** Returns the name of the package of a library by the rules of Debian (Debian Policy, 8.1); `undefined`: it follows none. */
function packageNamedAfter(soname: string): string | undefined {
  const [, name, version] = /^(lib[\w.+-]+?)\.so\.([\w.]+)$/.exec(soname) ?? [];
  if (name === undefined) return undefined;
  const separator = /\d$/.test(name) ? '-' : '';
  return `${name}${separator}${version}`.toLowerCase().replaceAll('_', '-');
}
