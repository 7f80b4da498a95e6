import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';

const USER = 1000;

/** Makes the package of npm in a directory; the tests have built dist. Returns its file and the paths in it. */
export function packForNpm(directory: string): { readonly file: string; readonly paths: readonly string[] } {
  const packed = execaSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', directory]);
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: readonly { readonly path: string }[] },
  ];
  return { file: path.join(directory, filename), paths: files.map(file => file.path) };
}

/** Makes a directory that belongs to the ordinary user of `asUser`. */
export function directoryOfUser(directory: string): void {
  fs.mkdirSync(directory);
  fs.chmodSync(path.dirname(directory), 0o755);
  if (process.getuid?.() === 0) fs.chownSync(directory, USER, USER);
}

/** Installs a package of npm without a registry. */
export function installPackage(directory: string, file: string) {
  return asUser(directory, 'npm', 'install', '--offline', '--no-audit', '--no-fund', file);
}

/** Runs a command as an ordinary user whose home is the directory, even if root runs the tests. */
export function asUser(directory: string, command: string, ...words: string[]) {
  const isRoot = process.getuid?.() === 0;
  const setpriv = `setpriv --reuid ${USER} --regid ${USER} --clear-groups --`.split(' ');
  const [program, ...rest] = [...(isRoot ? setpriv : []), command, ...words] as [string, ...string[]];
  return execaSync(program, rest, {
    cwd: directory,
    env: {
      HOME: directory,
      XDG_CACHE_HOME: path.join(directory, '.cache'),
      npm_config_cache: path.join(directory, 'cache'),
    },
    reject: false,
  });
}
