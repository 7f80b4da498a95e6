import { execaSync } from 'execa';
import { constantFrom, nat, oneof, sample, string, stringMatching, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, isSameVersion } from '../../src/packages/version-order.ts';
import { has } from '../lab/requires.ts';

/** Pairs of versions that differ in little, so that every rule decides some of them. */
function pairs(characters: string, release: RegExp, count: number): [string, string][] {
  const piece = string({ unit: constantFrom(...characters.split('')), maxLength: 6 });
  const version = tuple(
    constantFrom('', '0:', '1:', '10:'),
    constantFrom('1', '2.0', '10', '1.02', '0'),
    piece,
    stringMatching(release),
  ).map(parts => parts.join(''));
  const near = tuple(version, nat(), constantFrom(...characters.split(''), '')).map(
    ([text, at, character]): [string, string] => {
      const start = text.indexOf(':') + 2;
      const index = start + (at % Math.max(1, text.length - start));
      return [text, text.slice(0, index) + character + text.slice(index + 1)];
    },
  );
  // an empty release is no version
  const valid = oneof(near, tuple(version, version)).filter(pair => pair.every(text => !text.endsWith('-')));
  return sample(valid, { numRuns: count, seed: 20 });
}

const sign = (number: number) => Math.sign(number);

describe('the order of versions', () => {
  it.runIf(has('tool:dpkg'))('is that of dpkg for two thousand pairs', () => {
    const all = pairs('019aZ.+~', /^(?:-[019a.+~]{1,3})?$/, 2000);
    const script =
      'while read -r a b; do dpkg --compare-versions "$a" lt "$b" && echo -1 || { dpkg --compare-versions "$a" gt "$b" && echo 1 || echo 0; }; done';
    const input = all.map(pair => `${pair.join(' ')}\n`).join('');
    const answers = execaSync('sh', ['-c', script], { input }).stdout.split('\n').map(Number);
    expect(all.map(([a, b], i) => [a, b, answers[i]])).toEqual(
      all.map(([a, b]) => [a, b, sign(compareVersions('deb', a, b))]),
    );
    expect(new Set(answers)).toEqual(new Set([-1, 0, 1]));
  });

  it.runIf(has('tool:rpm'))('is that of rpm for two thousand pairs', () => {
    const all = pairs('019aZ.+~^_', /^-[019a.~^]{1,3}$/, 2000);
    const calls = all.map(([a, b]) => `print(rpm.vercmp("${a}","${b}").."\\n")`).join(' ');
    const answers = execaSync('rpm', ['--eval', `%{lua:${calls}}`])
      .stdout.split('\n')
      .filter(Boolean)
      .map(Number);
    expect(answers).toHaveLength(all.length);
    expect(all.map(([a, b], i) => [a, b, answers[i]])).toEqual(
      all.map(([a, b]) => [a, b, sign(compareVersions('rpm', a, b))]),
    );
  });

  /** Each is older than the next; those of apk-tools are from its test/version.data, those of pacman from its test/util/vercmptest.sh. */
  const rising = {
    apk: [
      '0.1',
      '0.9',
      '1.0_alpha',
      '1.0_alpha2',
      '1.0_beta',
      '1.0_pre',
      '1.0_rc1',
      '1.0',
      '1.0-r1',
      '1.0_p1',
      '1.0_p10-r2',
      '1.0a',
      '1.0b',
      '1.0.1',
      '1.01.1',
      '1.1',
      '1.10',
      '2',
    ],
    alpm: [
      '1.0a',
      '1.0alpha',
      '1.0b',
      '1.0beta',
      '1.0p1',
      '1.0rc',
      '1.0',
      '1.0.a',
      '1.0.1',
      '1.1-1',
      '1.1-2',
      '1:0.1',
      '2:0',
    ],
  } as const;
  for (const [type, versions] of Object.entries(rising) as ['apk' | 'alpm', readonly string[]][])
    it(`is known for ${type}`, () => {
      for (let i = 1; i < versions.length; i++) {
        const [a, b] = [versions[i - 1]!, versions[i]!];
        expect([a, b, sign(compareVersions(type, a, b)), sign(compareVersions(type, b, a))]).toEqual([
          a,
          b,
          -1,
          1,
        ]);
      }
    });

  it('takes a missing release of pacman for any', () => {
    expect(compareVersions('alpm', '1.0', '1.0-3')).toBe(0);
  });

  it('decides whether a version satisfies “=”, which names no release if rpm or pacman accepts each', () => {
    expect(isSameVersion('deb', '1.0-3', '1.0-3')).toBe(true);
    expect(isSameVersion('deb', '1.0-3+b1', '1.0-3')).toBe(false);
    expect(isSameVersion('deb', '1.0-3', '1.0')).toBe(false);
    expect(isSameVersion('rpm', '1:1.0-3.fc41', '1:1.0')).toBe(true);
    expect(isSameVersion('rpm', '1.0-3.fc41', '1.0-2.fc41')).toBe(false);
    expect(isSameVersion('alpm', '1.0-3', '1.0')).toBe(true);
    expect(isSameVersion('apk', '1.0-r3', '1.0-r2')).toBe(false);
    expect(isSameVersion(undefined, '1.0-3', '1.0-3')).toBe(true);
    expect(isSameVersion(undefined, '1.0-3', '1.0')).toBe(true);
    expect(isSameVersion(undefined, '1.0-3', '1.0-2')).toBe(false);
  });
});
