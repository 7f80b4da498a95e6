import { describe, expect, it } from 'vitest';
import { activate } from '../../../src/plan/packages/activation.ts';
import { scratch } from '../../io/scratch.ts';
import { text } from '../../lab/activation/case.ts';
import { rootAt } from '../plan.ts';

const at = scratch();
const UNITS = '/usr/lib/systemd/system';

describe('activate', () => {
  it('writes one drop-in for a unit that waits for its accounts and starts another one', () => {
    const units = {
      [`${UNITS}/main.service`]: text('[Service]\nExecStart=/usr/bin/main\nNoExecPaths=/\n'),
      [`${UNITS}/second.service`]: text('[Service]\nExecStart=/usr/bin/second\n'),
      '/usr/lib/sysusers.d/main.conf': text('u main -\n'),
    };
    const view = rootAt(at('root'), {
      ...units,
      '/etc/systemd/system/main.service.wants/second.service': { link: `${UNITS}/second.service` },
    });
    const { files } = activate({
      view,
      name: 'main',
      prefix: '/usr/local/main',
      paths: Object.keys(units),
      state: [],
      texts: [],
    });
    const dropIns = files.filter(({ target }) => target === `${UNITS}/main.service.d/10-flix-main.conf`);
    expect(dropIns.map(({ content }) => (content.kind === 'text' ? content.text : ''))).toEqual([
      '[Unit]\nWants=flix-main-setup.service\nAfter=flix-main-setup.service\nWants=second.service\n[Service]\nExecPaths=/usr/local/main\n',
    ]);
  });
});
