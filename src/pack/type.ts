import { RELEASE_DIRECTORY } from '../view/extension-release.ts';

export const imageTypes = ['sysext', 'confext', 'portable'] as const;
export type ImageType = (typeof imageTypes)[number];

/** What systemd merges of an extension, and where it looks for its metadata (extension-release(5), UAPI.4). */
export interface ExtensionRules {
  readonly hierarchies: readonly string[];
  readonly releaseDirectory: string;
  /** The keys of the release file that another kind of extension spells otherwise. */
  readonly levelKey: string;
  readonly scopeKey: string;
  /** On the host, where an image is looked for. */
  readonly activated: string;
  readonly command: string;
}

/** A portable service is no extension: it brings a whole system of its own. */
export const extensionRules: { readonly [T in ImageType]: ExtensionRules | undefined } = {
  sysext: {
    hierarchies: ['usr', 'opt'],
    releaseDirectory: RELEASE_DIRECTORY,
    levelKey: 'SYSEXT_LEVEL',
    scopeKey: 'SYSEXT_SCOPE',
    activated: '/etc/extensions',
    command: 'systemd-sysext',
  },
  confext: {
    hierarchies: ['etc'],
    releaseDirectory: '/etc/extension-release.d',
    levelKey: 'CONFEXT_LEVEL',
    scopeKey: 'CONFEXT_SCOPE',
    activated: '/var/lib/confexts',
    command: 'systemd-confext',
  },
  portable: undefined,
};

export const scopes = ['system', 'initrd', 'portable'] as const;
export type Scope = (typeof scopes)[number];
