import { describe, expect, it } from 'vitest';
import { hostObjects } from '../../../src/audit/host-objects.ts';
import { directoryView } from '../../../src/view/directory.ts';
import { decodeProfile, encodeProfile } from '../../../src/view/profile/profile.ts';
import { profileView } from '../../../src/view/profile/profile-view.ts';
import { snapshot } from '../../../src/view/profile/snapshot.ts';
import { symbolsAt } from '../../../src/view/object.ts';
import { has } from '../../lab/requires.ts';
import { labRoot } from '../../lab/roots.ts';

describe.runIf(has('archive'))('symbols of a profile', () => {
  it('have the same references and definitions as the files', { timeout: 300_000 }, async () => {
    const root = directoryView(await labRoot('host-trixie'));
    const profile = profileView(decodeProfile(encodeProfile(snapshot(root)), 'profile'));
    const paths = hostObjects(root).map(({ path }) => path);
    expect(hostObjects(profile).map(({ path }) => path)).toEqual(paths);
    const lookups = new Map<string, Parameters<NonNullable<ReturnType<typeof symbolsAt>>['defines']>[0]>();
    for (const path of paths) {
      const strong = (symbolsAt(root, path)?.references ?? []).filter(({ weak }) => !weak);
      const noted = symbolsAt(profile, path)?.references ?? [];
      const key = (one: (typeof strong)[number]) => JSON.stringify(one, Object.keys(one).sort());
      expect([...noted].map(key).sort()).toEqual(strong.map(key).sort());
      for (const reference of strong) {
        lookups.set(`${reference.name}@${reference.version}`, reference);
        const { version: _, ...plain } = reference;
        lookups.set(reference.name, { ...plain, version: undefined });
      }
    }
    const sample = paths.filter(path =>
      /\/lib(c|m|stdc\+\+|crypto|systemd|z|selinux|ncursesw|tinfo)\.so/.test(path),
    );
    expect(sample.length).toBeGreaterThan(5);
    const different: string[] = [];
    for (const path of sample) {
      const [real, noted] = [symbolsAt(root, path)!, symbolsAt(profile, path)!];
      for (const [text, reference] of lookups)
        if (real.defines(reference) !== noted.defines(reference)) different.push(`${text} of ${path}`);
    }
    expect(different).toEqual([]);
  });
});
