import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import type { View } from '../view/view.ts';

/** The first release of systemd with a feature, by its NEWS; `keepsMounts` was measured. */
export const systemdSince = {
  /** Images whose sectors do not have 512 bytes (src/shared/dissect-image.c, probe_sector_size). */
  sectorSizes: 253,
  /** systemd-confext. */
  confext: 254,
  /** Links in `TARGET.upholds/`. */
  upholdsLinks: 254,
  /** `EXTENSION_RELOAD_MANAGER=` in a release file. */
  reloadManager: 255,
  /** Directories of versions, `NAME.raw.v/` and `NAME.v/`; 252 skips them, 257 reads them. */
  versionsDirectory: 256,
  /** File systems mounted below a hierarchy stay visible after the merge; 252 covers them. */
  keepsMounts: 257,
  /** sysext.conf and confext.conf. */
  extensionConfig: 259,
  /** `EXTENSION_RESTART_UNITS=` and `EXTENSION_RELOAD_OR_RESTART_UNITS=` in a release file. */
  restartUnits: 261,
} as const;

const PLACES = ['/usr/lib/systemd', '/usr/lib64/systemd'];
const SHARED = /^libsystemd-shared-(\d+)[^/]*\.so$/;

/** The release of a host's systemd, from the name of its shared library; `undefined`: unknown. */
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
