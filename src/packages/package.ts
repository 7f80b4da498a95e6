/** A distribution package that is installed in a root. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** In the distribution's spelling: `amd64`, `all`, `x86_64`. */
  readonly architecture: string;
  /** The source from which it was built, perhaps together with other packages. */
  readonly source: string;
  readonly sourceVersion: string;
  /** The licences that the database names, in any notation. */
  readonly licences: readonly string[];
  /** Whether every system of the distribution has it, so that others need not depend on it. */
  readonly essential: boolean;
  /** Names of packages, or of what packages provide; each list contains alternatives. */
  readonly depends: readonly (readonly string[])[];
  /** The dependencies on exactly one version of a package. */
  readonly pins: readonly Pin[];
  readonly recommends: readonly (readonly string[])[];
  readonly provides: readonly string[];
}

/** A dependency on exactly one version of another package, such as `libfoo1 (= 1.2-3)`. */
export interface Pin {
  readonly name: string;
  readonly version: string;
}

/** A maintainer script, such as `postinst`, which ran when the package was installed. */
export interface MaintainerScript {
  readonly name: string;
  /** The file of the root that contains it. */
  readonly path: string;
  readonly text: string;
}

/** The packages of a root. A root is untrusted: names are checked, and paths are normalised. */
export interface Database {
  /** As in package URLs (purl-spec, PURL-TYPES). */
  readonly type: 'deb' | 'apk' | 'alpm' | 'rpm';
  /** The directory of the database. */
  readonly place: string;
  /** In the order of the database. */
  readonly packages: readonly Package[];
  /** The files, links and directories of a package; some may be missing in the root. */
  readonly filesOf: (owner: Package) => readonly string[];
  /** The scripts that ran when the package was installed. */
  readonly scriptsOf: (owner: Package) => readonly MaintainerScript[];
}

/** Whether a text is a name that a distribution gives to a package, and so is safe as a part of a path. */
export function isPackageName(text: string): boolean {
  return text.length <= 200 && /^[A-Za-z0-9_][A-Za-z0-9+._@-]*$/.test(text);
}

/** An empty component, `.` or `..`, or bytes that are not UTF-8. */
const UNUSUAL = /\/\.{0,2}(?:\/|$)|\uFFFD/;

/** Returns a path of a file list if it is one: absolute, normalised, and without bytes that are not UTF-8. */
export function listedPath(text: string): string[] {
  const path = text.startsWith('/') ? text : `/${text}`;
  return UNUSUAL.test(path) ? [] : [path];
}

/**
 * Returns the dependencies of the form `name=version` (apk-package(5), PKGBUILD(5)). One on a shared library, such as
 * `so:libz.so.1=1.3` or `libreadline.so=8-64`, demands the version of an interface instead, and is left out.
 */
export function pinsIn(dependencies: readonly string[]): Pin[] {
  return dependencies.flatMap(text => {
    const [, name = '', version = ''] = /^([^<>=~!]+)=([^=]+)$/.exec(text) ?? [];
    return isPackageName(name) && !name.endsWith('.so') ? [{ name, version }] : [];
  });
}
