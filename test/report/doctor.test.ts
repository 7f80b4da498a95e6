import { describe, expect, it } from 'vitest';
import {
  type Diagnosis,
  doctorDocument,
  doctorText,
  lacksRequired,
  type ToolLine,
} from '../../src/report/doctor.ts';

const tool: ToolLine = {
  name: 'mkfs.erofs',
  purpose: 'makes erofs images',
  requiredBy: ['pack'],
  found: true,
  version: '1.5',
  floor: '1.5',
  tooOld: false,
  traps: [],
  packages: { debian: 'erofs-utils', fedora: 'erofs-utils', alpine: 'erofs-utils' },
};
const patchelf: ToolLine = {
  ...tool,
  name: 'patchelf',
  purpose: 'sets run paths',
  requiredBy: [],
  found: false,
  version: null,
  packages: { debian: 'patchelf', fedora: 'patchelf', alpine: undefined },
};
const abilities = [
  { name: 'chroot', purpose: 'the proof', granted: false, refusal: 'Operation not permitted' },
];

function diagnosis(tools: readonly ToolLine[], distribution: readonly string[] = ['debian']): Diagnosis {
  return { tools, abilities, distribution };
}

describe('lacksRequired', () => {
  it.each<[boolean, Partial<ToolLine>]>([
    [false, {}],
    [true, { found: false }],
    [true, { tooOld: true }],
    [false, { found: false, requiredBy: [] }],
    [false, { tooOld: true, requiredBy: [] }],
    [false, { traps: ['loses data'] }],
  ])('is %s with %j', (expected, change) => {
    expect(lacksRequired(diagnosis([{ ...tool, ...change }]))).toBe(expected);
  });
});

describe('doctorText', () => {
  it('shows installed, faulty and missing tools in aligned columns', () => {
    expect(doctorText(diagnosis([{ ...tool, traps: ['loses data'] }, patchelf]), false)).toBe(`Tools
  beware    mkfs.erofs  1.5  makes erofs images
                             ! loses data
  optional  patchelf         sets run paths

Kernel
  refused   chroot           the proof (Operation not permitted)

Install what is missing
  apt-get install patchelf
`);
  });

  it('uses colour only if asked to', () => {
    expect(doctorText(diagnosis([tool]), false)).not.toContain('\u001B');
    expect(doctorText(diagnosis([tool]), true)).toContain('\u001B[32mok');
  });
});

describe('the commands that install missing tools', () => {
  const missing = [{ ...tool, found: false }, patchelf, { ...patchelf, name: 'twin' }];

  it.each([
    [['ubuntu', 'debian'], ['apt-get install erofs-utils patchelf']],
    [['rocky', 'rhel', 'fedora'], ['dnf install erofs-utils patchelf']],
    [['alpine', ''], ['apk add erofs-utils']],
    [
      [''],
      ['apt-get install erofs-utils patchelf', 'dnf install erofs-utils patchelf', 'apk add erofs-utils'],
    ],
  ])('name the packages of this distribution, or of all if it is unknown: %j', (distribution, install) => {
    expect(doctorDocument(diagnosis(missing, distribution))).toMatchObject({ ok: false, install });
  });
});
