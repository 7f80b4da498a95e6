import { FlixError } from '../errors.ts';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { progress, type Progress } from '../io/progress.ts';
import { isDistribution, readSource } from '../stage/source.ts';
import { kindAt, realPlace } from '../view/directory.ts';
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
      throw inTermsOf(error, directory, place);
    }
  });
}

/** Names a source in an error as the user did, instead of the directory that is gone. */
function inTermsOf(error: unknown, directory: string, place: string): unknown {
  if (!(error instanceof FlixError)) return error;
  const { kind, code, message, fix } = error;
  const named = (text: string) => text.replaceAll(directory, place);
  return new FlixError(kind, code, named(message), fix === undefined ? undefined : named(fix));
}
