import { type ExtensionRules, extensionRules, extensionTypes } from './extension-type.ts';

export const imageTypes = [...extensionTypes, 'portable'] as const;
export type ImageType = (typeof imageTypes)[number];

/** The rules for extensions of a type; `undefined`: a portable service is not an extension. */
export function rulesOf(type: ImageType): ExtensionRules | undefined {
  return type === 'portable' ? undefined : extensionRules[type];
}

/** The directory of a host into which an image is put, and the command that activates it. */
export const activation: { readonly [T in ImageType]: Pick<ExtensionRules, 'activated' | 'command'> } = {
  ...extensionRules,
  portable: { activated: '/var/lib/portables', command: 'portablectl' },
};

/** Values of `SYSEXT_SCOPE=` and `CONFEXT_SCOPE=`. */
export const scopes = ['system', 'initrd', 'portable'] as const;
export type Scope = (typeof scopes)[number];
