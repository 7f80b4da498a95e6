import { describe, expect, it } from 'vitest';
import { EntryBudget } from '../../src/image/entry.ts';

describe('EntryBudget', () => {
  it('refuses a path that no system call takes, so that nested directories cannot overflow the stack', () => {
    const budget = new EntryBudget();
    expect(() => budget.take(4096)).not.toThrow();
    expect(() => budget.take(4097)).toThrow('nested too deeply');
  });
});
