import { type ExtensionRules, extensionRules, extensionTypes } from './extension-type.ts';

export const imageTypes = [...extensionTypes, 'portable'] as const;
export type ImageType = (typeof imageTypes)[number];

/** `undefined`: a portable service is no extension, it brings a whole system of its own. */
export function rulesOf(type: ImageType): ExtensionRules | undefined {
  return type === 'portable' ? undefined : extensionRules[type];
}

export const scopes = ['system', 'initrd', 'portable'] as const;
export type Scope = (typeof scopes)[number];
