import { expect, it } from 'vitest';
import { parseGetcap } from '../../src/io/capabilities.ts';

it.each<[name: string, output: string, asked: string[], found: [string, string][]]>([
  ['nothing', '', ['/a'], []],
  ['one of two', '/b cap_net_raw=ep\n', ['/a', '/b'], [['/b', 'cap_net_raw=ep']]],
  ['the form before libcap 2.41', '/a = cap_net_raw+ep\n', ['/a'], [['/a', 'cap_net_raw+ep']]],
  [
    'several sets',
    '/a cap_net_raw,cap_chown=ep\n/b =ep\n',
    ['/a', '/b'],
    [
      ['/a', 'cap_net_raw,cap_chown=ep'],
      ['/b', '=ep'],
    ],
  ],
  [
    'blanks and line breaks',
    '/a b\nc cap_chown=ep\n',
    ['/a', '/a b', '/a b\nc'],
    [['/a b\nc', 'cap_chown=ep']],
  ],
])('%s', (_name, output, asked, found) => {
  expect([...parseGetcap(output, asked)]).toEqual(found);
});
