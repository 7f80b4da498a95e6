import { commonLicenceNames } from '../packages/licence-files.ts';
import Models from '@cyclonedx/cyclonedx-library/Models';
import SPDX from '@cyclonedx/cyclonedx-library/SPDX';
import parseExpression from 'spdx-expression-parse';

export type Licence = InstanceType<
  typeof Models.SpdxLicense | typeof Models.NamedLicense | typeof Models.LicenseExpression
>;

/** In characters. Longer texts are not names of licences; a root may contain anything. */
const MAX_NAME = 400;

/**
 * Returns the licences of a package for its component: as identifiers or as one expression of SPDX where that is what the
 * texts mean, otherwise by their names. A document before CycloneDX 1.7 contains either one expression or any number of licences.
 *
 * @param texts as a package database or a copyright file has them
 */
export function licencesOf(texts: readonly string[]): Licence[] {
  const names = [...new Set(texts.map(text => text.replace(/\s+/g, ' ').trim().slice(0, MAX_NAME)))];
  const known = names.filter(Boolean).map(name => ({ name, spdx: toSpdx(name) }));
  const isSimple = known.every(({ spdx }) => spdx === undefined || SPDX.isSupportedSpdxId(spdx));
  if (!isSimple && known.every(({ spdx }) => spdx !== undefined)) {
    const parts = known.map(({ spdx }) => (known.length > 1 && / OR /.test(spdx!) ? `(${spdx})` : spdx));
    return [new Models.LicenseExpression(parts.join(' AND '))];
  }
  return known.map(({ name, spdx }) =>
    spdx !== undefined && SPDX.isSupportedSpdxId(spdx)
      ? new Models.SpdxLicense(spdx)
      : new Models.NamedLicense(name),
  );
}

/** Returns the expression of SPDX that means the same; `undefined`: none does. */
function toSpdx(name: string): string | undefined {
  // a comma groups more weakly than the words (copyright-format 1.0, “License specification”)
  const groups = name.split(/, (?=(?:and|or) )/);
  const grouped = groups.map((group, at) => {
    const [, operator = '', rest = group] = (at > 0 && /^(and |or )(.*)$/.exec(group)) || [];
    return groups.length > 1 ? `${operator}(${rest})` : rest;
  });
  const words = grouped.join(' ').match(/[()]|[^\s()]+/g) ?? [];
  const translated = words.map(word => (/^(?:and|or|with)$/i.test(word) ? word.toUpperCase() : spdxId(word)));
  const expression = translated
    .join(' ')
    .replace(/\( /g, '(')
    .replace(/ \)/g, ')')
    .replace(/\((\S+)\)/g, '$1');
  try {
    parseExpression(expression);
    return expression;
  } catch {
    return undefined;
  }
}

/** What copyright files call licences (copyright-format 1.0, “Short name”), in lower case, where SPDX differs in more than case. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  expat: 'MIT',
  'apache-2': 'Apache-2.0',
  'artistic-2': 'Artistic-2.0',
  cc0: 'CC0-1.0',
  'bsl-1': 'BSL-1.0',
  'mpl-2': 'MPL-2.0',
};

/** Translates one word; a word that SPDX does not know stays as it is. */
function spdxId(word: string): string {
  const gnu = /^([al]?gpl|gfdl)-(\d(?:\.\d)?)(\+|-or-later|-only)?$/i.exec(word);
  if (!gnu) return SHORT_NAMES[word.toLowerCase()] ?? SPDX.fixupSpdxId(word) ?? word;
  const [, family, version, which] = gnu;
  const isOpen = which === '+' || which?.toLowerCase() === '-or-later';
  const id = `${family}-${version!.includes('.') ? version : `${version}.0`}-${isOpen ? 'or-later' : 'only'}`;
  return SPDX.fixupSpdxId(id) ?? word;
}

const FORMAT = /^Format(?:-Specification)?: *https?:\/\/\S*(?:copyright-format|dep5)/im;
/** The header is within this many characters. */
const HEADER = 4096;

/**
 * Returns the licences that a copyright file of Debian names: the short names of a machine-readable one (copyright-format
 * 1.0), else the names of the common licences to which it refers, which say nothing about “or later”.
 */
export function licencesInCopyright(text: string): Licence[] {
  if (!FORMAT.test(text.slice(0, HEADER)))
    return commonLicenceNames(text).map(name => new Models.NamedLicense(name));
  const texts = text.split(/\n(?:[ \t]*\n)+/).flatMap(stanza => {
    const isUsed = /^(?:Files|Format(?:-Specification)?):/im.test(stanza);
    const licence = isUsed ? /^License:[ \t]*(\S.*)$/im.exec(stanza)?.[1] : undefined;
    return licence === undefined ? [] : [licence];
  });
  return licencesOf(texts);
}
