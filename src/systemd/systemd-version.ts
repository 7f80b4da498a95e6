import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import type { View } from '../view/view.ts';

const PLACES = ['/usr/lib/systemd', '/usr/lib64/systemd'];
const SHARED = /^libsystemd-shared-(\d+)[^/]*\.so$/;

/** The release of a host's systemd, as the library shows it that all its tools share. `undefined`: not known. */
export function systemdVersion(host: View): number | undefined {
  return versionOf(host, '/usr/lib');
}

const versionOf = memoised((host, lib): number | undefined => {
  const multiarch = [...host.list(lib).keys()].map(name => `${lib}/${name}/systemd`);
  for (const place of [...PLACES, ...multiarch]) {
    const real = follow(host, place).path;
    for (const name of real === undefined ? [] : host.list(real).keys()) {
      const version = SHARED.exec(name)?.[1];
      if (version !== undefined) return Number(version);
    }
  }
  return undefined;
});
