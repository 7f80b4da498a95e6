import type { Remark } from '../../manifest/manifest.ts';
import type { Package } from '../../packages/package.ts';

/** A part of every host with system extensions, and what another release of it in an extension would do. */
interface HostPart {
  /** Everything that these sources are built into. */
  readonly sources: readonly string[];
  /** Packages whose source is built into others that not every host has. */
  readonly names?: readonly string[];
  readonly pattern?: RegExp;
  readonly effect: string;
}

const BASE = 'the scripts and services of the host would run the programs of the extension';

const HOST_PARTS: readonly HostPart[] = [
  {
    sources: ['systemd', 'dbus', 'dbus-broker', 'init-system-helpers'],
    effect:
      'units and programs of another release would replace those of the running system manager and message bus',
  },
  {
    sources: ['glibc', 'musl'],
    effect: 'the programs of the host would load a C library of another release',
  },
  {
    sources: [
      'dracut',
      'grub',
      'grub2',
      'initramfs-tools',
      'kernel',
      'kernel-default',
      'linux',
      'linux-lts',
      'mkinitcpio',
      'shim',
      'shim-signed',
    ],
    pattern: /^(?:linux-(?:signed|image|modules)|grub-)/,
    effect: 'the kernel and what boots it run before an extension is merged',
  },
  {
    sources: ['apk-tools', 'apt', 'dnf', 'dnf5', 'dpkg', 'libdnf', 'libzypp', 'pacman', 'rpm', 'zypper'],
    effect: 'the package manager of another release would work on the database of the host',
  },
  {
    sources: ['base-files', 'bash', 'dash', 'filesystem', 'setup', 'shadow', 'shadow-utils'],
    names: ['coreutils', 'kmod', 'util-linux'],
    effect: BASE,
  },
];

/** Returns what a package would do to a host if an extension brought it; `undefined`: it is not a part of every host. */
export function hostPart({ name, source, essential }: Package): string | undefined {
  const part = HOST_PARTS.find(
    ({ sources, names, pattern }) =>
      sources.includes(source) || names?.includes(name) || pattern?.test(source) || pattern?.test(name),
  );
  return part?.effect ?? (essential ? BASE : undefined);
}

/** The base programs of Alpine; elsewhere, people may name them. */
const ALPINE: ReadonlySet<string> = new Set(['alpine-baselayout', 'busybox']);

/**
 * Whether a package is part of the running system, so that it never comes along with another. Essential packages may,
 * where a program names their interpreter.
 */
export function isOfHost(owner: Package): boolean {
  return ALPINE.has(owner.source) || hostPart({ ...owner, essential: false }) !== undefined;
}

/** The interpreters that the tools of many hosts run, by the names that those use. */
const INTERPRETERS = /^\/usr\/bin\/(?:perl|python3)(?:\.?\d[\d.]*)?(?:-[\w-]+)?$/;

/** Whether a path is that of an interpreter with which tools of the host run. */
export function isHostInterpreter(path: string): boolean {
  return INTERPRETERS.test(path);
}

export const REPLACES_INTERPRETER = 'replaces-interpreter';

/** @param script which names the interpreter */
export function replacesInterpreter(path: string, script: string): Remark {
  return {
    code: REPLACES_INTERPRETER,
    file: path,
    message: `replaces the one of the host while the extension is merged, because ${script} names it`,
  };
}
