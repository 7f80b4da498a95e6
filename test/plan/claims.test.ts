import { describe, expect, it } from 'vitest';
import { Claims } from '../../src/plan/claims.ts';
import { claimMetadata } from '../../src/plan/metadata.ts';
import type { Content, PlannedFile } from '../../src/plan/plan.ts';
import { scratch } from '../io/scratch.ts';
import { refusal, rootAt } from './plan.ts';

const at = scratch();
const view = () => rootAt(at('root'), {}, 'none');
const file = (target: string, content: Content, why = 'first'): PlannedFile => ({
  target,
  role: 'resource',
  content,
  why,
});
const text = (content: string): Content => ({ kind: 'text', text: content });
const link = (to: string): Content => ({ kind: 'link', to });

describe('Claims.claim', () => {
  it('accepts a second claim of the same file and keeps the first reason', () => {
    const claims = new Claims();
    const root = view();
    const copy: Content = { kind: 'copy', view: root, path: '/a', edits: [] };
    for (const content of [
      copy,
      link('x'),
      text('x'),
      { kind: 'directory', view: root, path: '/d' } as const,
    ]) {
      claims.claim(file(`/usr/${content.kind}`, content));
      claims.claim(file(`/usr/${content.kind}`, { ...content }, 'second'));
    }
    expect(claims.sorted().map(({ target, why }) => `${target} ${why}`)).toEqual([
      '/usr/copy first',
      '/usr/directory first',
      '/usr/link first',
      '/usr/text first',
    ]);
  });

  it('refuses two different files of any kind at one path', () => {
    const root = view();
    const other = rootAt(at('other'), {}, 'none', 'another root');
    const copy = (path: string, of = root): Content => ({ kind: 'copy', view: of, path, edits: [] });
    for (const [one, two] of [
      [copy('/a'), copy('/b')],
      [copy('/a'), copy('/a', other)],
      [copy('/a'), link('a')],
      [link('a'), link('b')],
      [text('a'), text('b')],
      [{ kind: 'directory', view: root, path: '/d' } as const, link('d')],
    ] as const)
      for (const [first, second] of [
        [one, two],
        [two, one],
      ]) {
        const claims = new Claims();
        claims.claim(file('/usr/x', first!));
        expect(refusal(() => claims.claim(file('/usr/x', second!, 'second'))).code).toBe('claimed-twice');
      }
  });

  it('names path, root and reason of both files in the message', () => {
    const claims = new Claims();
    claims.claim(file('/usr/x', { kind: 'copy', view: view(), path: '/a', edits: [] }, 'asked for'));
    const { message } = refusal(() => claims.claim(file('/usr/x', link('../y'), 'included')));
    expect(message).toBe(
      'two files claim /usr/x: /a of the root (asked for), and the link /usr/x to ../y (included)',
    );
  });
});

describe('Claims.sorted', () => {
  it('returns files in C order, regardless of the order of the claims', () => {
    const claims = new Claims();
    for (const target of ['/usr/b', '/usr/B', '/usr/a/x', '/usr/a-b', '/usr/ä'])
      claims.claim(file(target, text('')));
    expect(claims.sorted().map(({ target }) => target)).toEqual([
      '/usr/B',
      '/usr/a-b',
      '/usr/a/x',
      '/usr/b',
      '/usr/ä',
    ]);
  });

  it.each([
    ['a link', link('/etc')],
    ['a file', text('')],
  ])('refuses %s in place of a parent directory, so that nothing is written through it', (_, content) => {
    for (const order of [0, 1]) {
      const claims = new Claims();
      const both = [file('/usr/lib/x', content), file('/usr/lib/x/deep/y', text('y'))];
      for (const one of order === 0 ? both : both.reverse()) claims.claim(one);
      expect(refusal(() => claims.sorted()).code).toBe('claimed-twice');
    }
  });

  it('finds the file in place of a parent directory of a path that is written later', () => {
    const claims = new Claims();
    claims.claim(file('/usr/local/app', link('/etc')));
    claims.claim(file('/usr/local/apple', text('')));
    expect(claims.inTheWay('/usr/local/app/manifest.json')?.target).toBe('/usr/local/app');
    expect(claims.inTheWay('/usr/local/app')).toBeUndefined();
    expect(claims.inTheWay('/usr/local/appl/x')).toBeUndefined();
  });
});

describe('claimMetadata', () => {
  const metadata = (one?: PlannedFile, sbom = false) => {
    const claims = new Claims();
    if (one) claims.claim(one);
    claimMetadata(claims, { name: 'app', prefix: '/usr/local/app', sbom }, 'x86-64');
    return claims;
  };
  const RELEASE = '/usr/lib/extension-release.d/extension-release.app';

  it('claims an extension-release file for every distribution and this architecture', () => {
    expect(metadata().get(RELEASE)?.content).toEqual(text('ID=_any\nARCHITECTURE=x86-64\n'));
  });

  it('keeps an extension-release file of the tree', () => {
    expect(metadata(file(RELEASE, text('ID=flatcar\n'))).get(RELEASE)?.content).toEqual(text('ID=flatcar\n'));
  });

  it.each([
    ['a file at its path', '/usr/local/app/manifest.json', text('{}')],
    ['a link in place of its directory, which leads out of the tree', '/usr/local/app', link('/etc')],
    ['a link in place of a directory above', '/usr/local', link('/var/local')],
    ['a file in place of its directory', '/usr/local/app', text('')],
  ])('refuses, for the manifest, %s', (_, target, content) => {
    const { code, message } = refusal(() => metadata(file(target, content)));
    expect(code).toBe('manifest-taken');
    expect(message).toContain(target);
  });

  it('refuses a file at the path of the SBOM only if there will be one', () => {
    const sbom = file('/usr/local/app/sbom.cdx.json', text('{}'));
    expect(refusal(() => metadata(sbom, true)).code).toBe('sbom-taken');
    expect(() => metadata(sbom)).not.toThrow();
  });
});
