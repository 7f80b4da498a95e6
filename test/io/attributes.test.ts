import fs from 'node:fs';
import { execaSync } from 'execa';
import { expect, it } from 'vitest';
import { attributesBelow, parseGetfattr } from '../../src/io/attributes.ts';
import { has } from '../lab/requires.ts';
import { scratch } from './scratch.ts';

const at = scratch();

it('parses the output of getfattr, including names with unusual characters', () => {
  const output =
    '# file: .\nuser.a=0x\n\n# file: a\\012b = c\nuser.a=0x30\nuser.b=0x6e6f\n\n# file: \\303\\274\nuser.a=0x31\n\n';
  expect(parseGetfattr(output)).toEqual(
    new Map([
      ['/', new Map([['user.a', Buffer.from('')]])],
      [
        '/a\nb = c',
        new Map([
          ['user.a', Buffer.from('0')],
          ['user.b', Buffer.from('no')],
        ]),
      ],
      ['/ü', new Map([['user.a', Buffer.from('1')]])],
    ]),
  );
  expect(parseGetfattr('')).toEqual(new Map());
});

it.runIf(has('tool:getfattr', 'tool:setfattr'))(
  'asks for some of all below, and follows no link',
  async () => {
    fs.mkdirSync(at('tree/a\nb'), { recursive: true });
    fs.mkdirSync(at('other'));
    for (const file of ['tree/a\nb/c', 'other/d']) {
      fs.writeFileSync(at(file), '');
      execaSync('setfattr', ['-n', 'user.wanted', '-v', '0', at(file)]);
      execaSync('setfattr', ['-n', 'user.wantedNot', '-v', '0', at(file)]);
    }
    fs.symlinkSync('../other', at('tree/link'));
    expect(await attributesBelow(at('tree'), ['user.wanted'])).toEqual(
      new Map([['/a\nb/c', new Map([['user.wanted', Buffer.from('0')]])]]),
    );
  },
);
