import { describe, expect, it } from 'vitest';
import { type Licence, licencesInCopyright, licencesOf } from '../../src/sbom/licences.ts';

/** `id MIT`, `name public-domain` or `expression MIT OR ISC`. */
function shown(licences: readonly Licence[]): string[] {
  return licences.map(licence => {
    if ('expression' in licence) return `expression ${licence.expression}`;
    return 'id' in licence ? `id ${licence.id}` : `name ${licence.name}`;
  });
}

describe('licences of a package', () => {
  it.each([
    ['MIT', 'id MIT'],
    ['Expat', 'id MIT'],
    ['GPL-2', 'id GPL-2.0-only'],
    ['GPL-2+', 'id GPL-2.0-or-later'],
    ['LGPL-2.1+', 'id LGPL-2.1-or-later'],
    ['gpl-3.0-or-later', 'id GPL-3.0-or-later'],
    ['BSD-3-clause', 'id BSD-3-Clause'],
    ['Apache-2', 'id Apache-2.0'],
    ['GPL-2.0-or-later AND (MIT OR ISC)', 'expression GPL-2.0-or-later AND (MIT OR ISC)'],
    ['GPL-2+ or Artistic-2.0', 'expression GPL-2.0-or-later OR Artistic-2.0'],
    ['GPL-2+ or Artistic-2.0, and Expat', 'expression (GPL-2.0-or-later OR Artistic-2.0) AND MIT'],
    ['GPL-3.0-or-later WITH GCC-exception-3.1', 'expression GPL-3.0-or-later WITH GCC-exception-3.1'],
    ['GPL-1+ or Artistic', 'name GPL-1+ or Artistic'],
    ['GPL-2+ with OpenSSL exception', 'name GPL-2+ with OpenSSL exception'],
    ['GPLv2+ and MIT', 'name GPLv2+ and MIT'],
    ['public-domain', 'name public-domain'],
    ['MIT AND', 'name MIT AND'],
    ['((((((MIT', 'name ((((((MIT'],
    ['GCC-exception-3.1', 'name GCC-exception-3.1'],
  ])('translates %s to SPDX only if it means the same: %s', (text, result) => {
    expect(shown(licencesOf([text]))).toEqual([result]);
  });

  it('become one expression if one of them is an expression and all are known, else a list', () => {
    expect(shown(licencesOf(['MIT', 'ISC or Zlib', 'MIT']))).toEqual(['expression MIT AND (ISC OR Zlib)']);
    expect(shown(licencesOf(['MIT', 'ISC or Zlib', 'custom']))).toEqual([
      'id MIT',
      'name ISC or Zlib',
      'name custom',
    ]);
    expect(licencesOf(['', '  '])).toEqual([]);
  });

  it('are read from every stanza of a machine-readable copyright file that is about files', () => {
    const copyright = [
      'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: app',
      'Files: *\nCopyright: 2020 A\nLicense: GPL-2+\n This program is …',
      'Files: debian/*\nCopyright: 2021 B\nLicense: Expat',
      'License: ISC\n only a text that others refer to',
    ].join('\n\n');
    expect(shown(licencesInCopyright(copyright))).toEqual(['id GPL-2.0-or-later', 'id MIT']);
  });

  it('are only named where a copyright file for people refers to common licences', () => {
    const copyright =
      'License: GPL-2\nSee /usr/share/common-licenses/GPL-2 or /usr/share/common-licenses/GPL-2.\n';
    expect(shown(licencesInCopyright(copyright))).toEqual(['name GPL-2']);
    expect(licencesInCopyright('All rights reserved.')).toEqual([]);
  });
});
