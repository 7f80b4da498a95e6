/** What dynamic string tokens stand for; `undefined`: it cannot be expanded here. */
export interface TokenValues {
  readonly ORIGIN: string | undefined;
  readonly LIB: string | undefined;
  readonly PLATFORM: string | undefined;
}

/** A name ends where an identifier would (glibc elf/dl-load.c, is_dst); `$ORIGINX` is no token and stays. */
const TOKEN = /\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))/g;

/** `undefined`: a token has no value, and then the loader drops the whole element. */
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
