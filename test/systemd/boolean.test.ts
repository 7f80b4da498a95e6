import { expect, it } from 'vitest';
import { isFalse, isTrue } from '../../src/systemd/boolean.ts';

it.each(['1', 'yes', 'Y', 'true', 't', 'ON'])('%s is true', text => {
  expect([isTrue(text), isFalse(text)]).toEqual([true, false]);
});

it.each(['0', 'no', 'N', 'false', 'f', 'Off'])('%s is false', text => {
  expect([isTrue(text), isFalse(text)]).toEqual([false, true]);
});

it.each(['', '2', 'yess', 'nope', 'on '])('%j is neither', text => {
  expect([isTrue(text), isFalse(text)]).toEqual([false, false]);
});
