import { afterAll, describe, expect, it } from 'vitest';
import { defineCheck, type Evidence, gathered, type Observation } from '../../src/audit/check.ts';
import { type Extension, readExtension } from '../../src/audit/extension.ts';
import { directoryView } from '../../src/view/directory.ts';
import { extension as sysext, removeRoots, root } from './world.ts';

afterAll(removeRoots);

const page = { title: '', means: '', matters: '', fix: '' };
const evidence = {} as Evidence;
const extension: Extension = readExtension({
  name: 'app',
  view: directoryView(root('app', sysext('app', {}))),
});
const observed = (more: Partial<Observation> = {}): Observation => ({
  extension,
  subject: '/usr/bin/app',
  message: 'it is broken',
  fix: 'Repair it.',
  ...more,
});

describe('defineCheck', () => {
  it('supplies the kind, the extension and the defaults', () => {
    const { find } = defineCheck('some/kind', page, () => [observed()]);
    expect([...find(evidence)]).toEqual([
      {
        kind: 'some/kind',
        severity: 'warning',
        extension: 'app',
        extensionType: 'sysext',
        subject: '/usr/bin/app',
        alsoIn: [],
        chain: [],
        culprit: '/usr/bin/app',
        message: 'it is broken',
        fix: 'Repair it.',
      },
    ]);
  });

  it('keeps what the check states, and members of its own', () => {
    const own = { ...observed({ severity: 'error', culprit: 'libz.so.1' }), version: '1' };
    const { find } = defineCheck('some/kind', page, () => [own]);
    expect([...find(evidence)]).toMatchObject([{ severity: 'error', culprit: 'libz.so.1', version: '1' }]);
  });
});

describe('gathered', () => {
  it('joins observations with one culprit, and keeps the first of the most severe', () => {
    const culprit = 'libz.so.1';
    const joined = gathered([
      observed({ culprit, subject: '/a', severity: 'info' }),
      observed({ culprit, subject: '/b' }),
      observed({ culprit, subject: '/c', severity: 'warning' }),
      observed({ culprit: 'libm.so.6', subject: '/d' }),
    ]);
    expect(joined).toMatchObject([{ subject: '/b', alsoIn: ['/a', '/c'] }, { subject: '/d' }]);
  });
});
