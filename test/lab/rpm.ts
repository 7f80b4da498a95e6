import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';

/** A package to build, and to record in a database. */
export interface RpmRecipe {
  /** Lines of the preamble, such as `Requires: libz`. */
  readonly preamble?: readonly string[];
  /** Lines of `%files`; what they name is taken from the root. */
  readonly files: readonly string[];
  /** Further sections, such as `%post`. */
  readonly sections?: string;
}

/**
 * Builds packages of files that a root has, and records them in its database at `/usr/lib/sysimage/rpm`, by the tools of
 * this machine.
 *
 * @param work an empty directory
 */
export function recordPackages(
  root: string,
  work: string,
  packages: Readonly<Record<string, RpmRecipe>>,
  format = 'sqlite',
): void {
  fs.mkdirSync(work, { recursive: true });
  for (const [name, { preamble = [], files, sections = '' }] of Object.entries(packages)) {
    const spec = path.join(work, `${name}.spec`);
    const base = ['Version: 1.2', 'Release: 3.fc41', 'Summary: test', 'License: MIT', 'AutoReqProv: no'];
    const given = new Set(preamble.map(line => line.split(':', 1)[0]));
    const lines = [`Name: ${name}`, ...base.filter(line => !given.has(line.split(':', 1)[0])), ...preamble];
    fs.writeFileSync(
      spec,
      `${lines.join('\n')}\n%description\ntest\n%install\ncp -a ${root}/. %{buildroot}/\n%files\n${files.join('\n')}\n${sections}\n`,
    );
    const define = (macro: string) => ['--define', macro];
    execaSync('rpmbuild', [
      '-bb',
      ...define(`_topdir ${work}/build`),
      ...define('_build_id_links none'),
      ...define('debug_package %{nil}'),
      ...define('__os_install_post %{nil}'),
      ...define('_unpackaged_files_terminate_build 0'),
      ...define('_binaries_in_noarch_packages_terminate_build 0'),
      spec,
    ]);
  }
  const built = fs
    .readdirSync(path.join(work, 'build/RPMS'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.rpm'))
    .map(name => path.join(work, 'build/RPMS', name));
  const place = path.join(root, 'usr/lib/sysimage/rpm');
  fs.mkdirSync(place, { recursive: true });
  const options = ['--justdb', '--nodeps', '--noscripts', '--notriggers', '--ignoresize', '--ignorearch'];
  // Debian’s rpm warns against installing with it
  const debian = execaSync('rpm', ['--force-debian', '--version'], { reject: false }).failed
    ? []
    : ['--force-debian'];
  execaSync('rpm', [
    '--define',
    `_db_backend ${format}`,
    '--dbpath',
    place,
    ...debian,
    '--install',
    ...options,
    ...built,
  ]);
}
