import { describe, expect, it } from 'vitest';
import { packageArgument } from '../../../src/stage/debian/debian.ts';

describe('an argument of --include', () => {
  it.each(['nginx', 'libc6:arm64', 'nginx=1.22.1-9+deb12u1', 'g++'])('may be %s', text => {
    expect(packageArgument(text)).toBe(text);
  });

  it.each(['/usr/bin/nginx', 'ngin*', 'nginx-', '-o', 'nginx=1 2', ''])('is refused if it is “%s”', text => {
    expect(() => packageArgument(text)).toThrowError(
      expect.objectContaining({
        code: 'usage',
        message: `--include ${text} is not the name of a package`,
        fix: 'Name packages of the distribution, such as --include nginx. Patterns and paths are not accepted.',
      }),
    );
  });
});
