import { describe, expect, it } from 'vitest';
import { checkImageName, imageNameOf } from '../../src/systemd/image-name.ts';

describe('checkImageName', () => {
  it.each(['btop', 'a b', '-x', 'ünï', 'x'.repeat(237), "it's", '$(id)', 'a..b'])('accepts %j', name => {
    expect(() => checkImageName(name)).not.toThrow();
  });

  it.each(['', '.', '..', '.#tmp', '.hidden', 'a/b', 'a\nb', 'a\u007Fb', '\uD800', 'x'.repeat(238), 'a\\b'])(
    'refuses %j',
    name => {
      expect(() => checkImageName(name)).toThrow('cannot be the name of an extension');
    },
  );
});

describe('imageNameOf', () => {
  it('derives the name from a file name as systemd does', () => {
    expect(imageNameOf('btop.raw')).toBe('btop');
    expect(imageNameOf('btop.img')).toBe('btop.img');
  });
});
