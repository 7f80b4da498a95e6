import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { ownAsRoot } from '../../src/view/owners.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

it('gives the files of a user to root and leaves those of others', () => {
  mkdirSync(at('usr'), { recursive: true });
  chmodSync(at('usr'), 0o750);
  const { uid, gid } = statSync(at('usr'));
  const view = directoryView(at());
  // as if another one had written it: root's own files cannot be told from what becomes root's
  const foreign = {
    ...view,
    list: view.list.bind(view),
    stat: () => ({ ...view.stat('/usr'), uid: 4711, gid: 4711 }),
  };
  expect(ownAsRoot(view, uid).stat('/usr')).toMatchObject({ uid: 0, gid: uid === 0 ? gid : 0, mode: 0o750 });
  expect(ownAsRoot(foreign, 4711).stat('/usr')).toMatchObject({ uid: 0, gid: 0 });
  expect(ownAsRoot(foreign, 4712).stat('/usr')).toMatchObject({ uid: 4711, gid: 4711 });
});
