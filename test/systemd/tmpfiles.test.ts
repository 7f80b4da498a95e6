import { execaSync } from 'execa';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createdBy, tmpfilesLines } from '../../src/systemd/tmpfiles.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

/** What follows the type and the path of a link. */
const FIELDS = [
  '- - - - "quoted target"',
  '- - - - plain target  ',
  '- - - -   spaced',
  '- - - - \t tab\tinside\t',
  "- - - - 'single'",
  '- - - - one\\x20two\\ttab',
  '- - - - a\\"b\\\\c',
  '- - - - a%%b',
  '- - - - a\\x25%b',
  '- - - - 50%zb',
  '- - - - a \\',
  '- - - - a\\qb',
  '- - - - a\\x00b',
  '- - - - a\\400b',
  '- - - - \\x2d',
  '- - - - "-"',
  '- - - - -',
  '- - - - -x',
  '- - - - a # b',
  '- - - - caf\\u00e9\\303\\251\\xc3\\xa9é',
  '- - - - \\U00110000',
  '- - - ""',
  '"-" \'-\' - - quoted fields before',
  '',
];

describe.runIf(has('root', 'tool:systemd-tmpfiles'))('the links that lines of tmpfiles.d create', () => {
  it('are those that systemd-tmpfiles creates, whatever the last field is', () => {
    const root = at('root');
    const file = '/usr/lib/tmpfiles.d/test.conf';
    fs.mkdirSync(path.join(root, 'usr/lib/tmpfiles.d'), { recursive: true });
    fs.writeFileSync(root + file, FIELDS.map((field, i) => `L /links/${i} ${field}\n`).join(''));
    const view = directoryView(root);
    const expanded = [...createdBy(view, tmpfilesLines(view, file))].flatMap(([link, kind]) =>
      typeof kind === 'object' ? [`${link} ${kind.link}`] : [],
    );
    execaSync('systemd-tmpfiles', [`--root=${root}`, '--create'], { reject: false });
    const made = fs
      .readdirSync(path.join(root, 'links'))
      .map(name => `/links/${name} ${fs.readlinkSync(path.join(root, 'links', name))}`);
    // %b is the machine's own: which value a host has is not known
    const known = made.filter(line => !/[0-9a-f]{32}/.test(line));
    expect(expanded.sort()).toEqual(known.sort());
    expect(known.length).toBeGreaterThan(15);
  });
});
