import { describe, expect, it } from 'vitest';
import { isFalse, isTrue } from '../../src/systemd/boolean.ts';

describe('isTrue and isFalse', () => {
  it.each(['1', 'yes', 'Y', 'true', 't', 'ON'])('read %s as true', text => {
    expect([isTrue(text), isFalse(text)]).toEqual([true, false]);
  });

  it.each(['0', 'no', 'N', 'false', 'f', 'Off'])('read %s as false', text => {
    expect([isTrue(text), isFalse(text)]).toEqual([false, true]);
  });

  it.each(['', '2', 'yess', 'nope', 'on '])('read %j as neither', text => {
    expect([isTrue(text), isFalse(text)]).toEqual([false, false]);
  });
});
