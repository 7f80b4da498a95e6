import { array, assert as holdsFor, integer, property } from 'fast-check';
import { expect, it } from 'vitest';
import { holds, nameHash, pack, unpack } from '../../../src/view/profile/packed.ts';

const word = integer({ min: 0, max: 0xffff_ffff });

it('packs any numbers and unpacks them in order', () => {
  holdsFor(
    property(array(word), numbers => {
      const sorted = [...numbers].sort((a, b) => a - b);
      expect([...unpack(pack(numbers))]).toEqual(sorted);
    }),
  );
});

it('finds exactly the numbers in a set', () => {
  holdsFor(
    property(array(word), word, (numbers, other) => {
      const set = unpack(pack(numbers));
      expect(numbers.every(number => holds(set, number))).toBe(true);
      expect(holds(set, other)).toBe(numbers.includes(other));
    }),
  );
});

it('distinguishes names that collide in DT_GNU_HASH', () => {
  expect(nameHash('ab')).not.toBe(nameHash('bA'));
});
