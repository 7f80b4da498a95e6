import manifest from '../package.json' with { type: 'json' };

export const version: string = manifest.version;

/** Stands in the built program, where scripts/build.mjs replaces it with a digest of the code. */
declare const CODE_DIGEST: string | undefined;

/** The version and the code of flix. Two builds of one version, as from a clone before and after a pull, differ in it. */
export const versionOfCode: string = typeof CODE_DIGEST === 'string' ? `${version} ${CODE_DIGEST}` : version;
