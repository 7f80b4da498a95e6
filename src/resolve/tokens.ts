/** The values of dynamic string tokens; `undefined`: the token cannot be expanded. */
export interface TokenValues {
  readonly ORIGIN: string | undefined;
  readonly LIB: string | undefined;
  readonly PLATFORM: string | undefined;
}

/** A token ends where an identifier would (glibc elf/dl-load.c, is_dst), so `$ORIGINX` is not a token. */
const TOKEN = /\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))/g;

/** Expands tokens. Returns `undefined` if one has no value, in which case the loader drops the whole element. */
export function expandTokens(text: string, values: TokenValues): string | undefined {
  if (!text.includes('$')) return text;
  let known = true;
  const expanded = text.replace(TOKEN, (_, braced?: keyof TokenValues, plain?: keyof TokenValues) => {
    const value = values[(braced ?? plain)!];
    if (value === undefined) known = false;
    return value ?? '';
  });
  return known ? expanded : undefined;
}
