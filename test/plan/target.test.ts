import { describe, expect, it } from 'vitest';
import { namedTarget, targetOf } from '../../src/plan/target.ts';
import { refusal } from './plan.ts';

describe('the target of a file of a root', () => {
  it.each([
    ['/usr/bin/x', '/usr/bin/x'],
    ['/opt/x/bin', '/opt/x/bin'],
    ['/bin/x', '/usr/bin/x'],
    ['/sbin/x', '/usr/sbin/x'],
    ['/lib/x', '/usr/lib/x'],
    ['/lib64/ld.so', '/usr/lib64/ld.so'],
    ['/libx32/x', '/usr/libx32/x'],
    ['/lib64', '/usr/lib64'],
  ])('of %s is %s', (path, target) => expect(targetOf(path)).toBe(target));

  it.each([
    '/usr',
    '/opt',
    '/',
    '/etc/x',
    '/usrlocal/x',
    '/optional',
    '/binary/x',
    '/home/lib/x',
    '/var/lib/x',
  ])('does not exist for %s', path => {
    expect(targetOf(path)).toBeUndefined();
    const { code, message } = refusal(() => namedTarget(path));
    expect(code).toBe('target-outside');
    expect(message).toContain(path);
  });
});
