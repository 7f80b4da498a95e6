import { afterEach, expect, test, vi } from 'vitest';
import { showsColour, terminalStyle } from '../../src/cli/output.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each(['CI', 'FORCE_COLOR'])('%s does not cause colour on standard output that is no terminal', name => {
  vi.stubEnv(name, '1');
  expect(showsColour()).toBe(false);
  expect(terminalStyle().strong('app')).toBe('app');
});
