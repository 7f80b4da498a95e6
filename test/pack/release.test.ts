import { describe, expect, it } from 'vitest';
import { composeRelease } from '../../src/pack/release.ts';
import { extensionRules } from '../../src/systemd/extension-type.ts';

const sysext = extensionRules.sysext;

describe('composeRelease', () => {
  it('writes a release file for every host, with the architecture', () => {
    expect(composeRelease(undefined, {}, sysext, 'x86-64')).toBe('ID=_any\nARCHITECTURE=x86-64\n');
    expect(composeRelease(undefined, {}, sysext, undefined)).toBe('ID=_any\n');
  });

  it('keeps a file that already has all values, byte by byte', () => {
    const text = '# mine\n\nID="debian"\nVERSION_ID=12\nARCHITECTURE=_any';
    expect(composeRelease(text, {}, sysext, 'x86-64')).toBe(text);
    expect(composeRelease(text, { id: 'debian', versionId: '12' }, sysext, 'x86-64')).toBe(text);
  });

  it('removes the values that bound the tree before', () => {
    const text = '# mine\nID=debian\nVERSION_ID=12\nSYSEXT_LEVEL=3\nARCHITECTURE=arm64\n';
    expect(composeRelease(text, { id: 'flatcar', level: '1.0' }, sysext, 'arm64')).toBe(
      '# mine\nARCHITECTURE=arm64\nID=flatcar\nSYSEXT_LEVEL=1.0\n',
    );
    expect(composeRelease(text, { id: '_any' }, sysext, 'arm64')).toBe(
      '# mine\nARCHITECTURE=arm64\nID=_any\n',
    );
  });

  it('uses the keys of configuration extensions', () => {
    const request = { id: 'debian', level: '7', scope: ['system', 'initrd'], reloadManager: true } as const;
    expect(composeRelease(undefined, request, extensionRules.confext, undefined)).toBe(
      'ID=debian\nCONFEXT_LEVEL=7\nCONFEXT_SCOPE="system initrd"\nEXTENSION_RELOAD_MANAGER=1\n',
    );
  });

  it.each([
    ['no-id', 'VERSION_ID=12\n', {}],
    ['no-id', 'ID=\n', {}],
    ['wrong-architecture', 'ID=_any\nARCHITECTURE=arm64\n', {}],
    ['bad-release-value', undefined, { id: 'a b' }],
    ['bad-release-value', undefined, { id: 'debian', versionId: '1"\nX=' }],
  ])('refuses: %s', (code, text, request) => {
    expect(() => composeRelease(text, request, sysext, 'x86-64')).toThrow(expect.objectContaining({ code }));
  });
});
