import { describe, expect, it } from 'vitest';
import { type DirectoryNode, type Node, StagedTree } from '../../src/stage/staged-tree.ts';
import { ARCHIVE, IMAGE_LAYER, PACKAGE } from '../../src/stage/staging.ts';
import { readTar } from '../../src/stage/tar-reader.ts';
import { type Member, pieces, tar } from './archive.ts';

async function layers(
  rules: typeof ARCHIVE,
  ...all: readonly (readonly Member[])[]
): Promise<Record<string, string>> {
  const tree = new StagedTree();
  let content = 0;
  for (const members of all) {
    tree.beginLayer(rules);
    await readTar(pieces(tar(...members)), entry => {
      tree.add(entry, () => content++);
      return undefined;
    });
  }
  return Object.fromEntries(listed(tree.root, ''));
}

function listed(node: Node, path: string): [string, string][] {
  if (node.kind === 'file') return [[path, `file ${node.content}`]];
  if (node.kind === 'link') return [[path, `-> ${node.target}`]];
  if (node.kind === 'special') return [[path, 'special']];
  const entries = [...node.entries].flatMap(([name, entry]) => listed(entry, `${path}/${name}`));
  return entries.length > 0 ? entries : [[path || '/', 'directory']];
}

const file = (name: string): Member => ({ name });
const link = (name: string, to: string): Member => ({ name, type: '2', link: to });
const hardLink = (name: string, to: string): Member => ({ name, type: '1', link: to });
const directory = (name: string): Member => ({ name, type: '5' });

describe('a tree of archives', () => {
  it('takes absolute and relative names for the same, and makes the directories that are missing', async () => {
    expect(await layers(ARCHIVE, [file('/a'), file('./b/c'), file('d//./e'), directory('./')])).toEqual({
      '/a': 'file 0',
      '/b/c': 'file 1',
      '/d/e': 'file 2',
    });
  });

  it('follows links to directories inside the tree, wherever they lead', async () => {
    const found = await layers(ARCHIVE, [
      link('abs', '/usr/lib'),
      link('up', '../../../../etc'),
      directory('usr/lib'),
      file('abs/x'),
      file('up/passwd'),
      link('loop', 'loop2/x'),
    ]);
    expect(found).toMatchObject({ '/usr/lib/x': 'file 0', '/etc/passwd': 'file 1', '/abs': '-> /usr/lib' });
  });

  it('replaces a link by a file instead of writing through it', async () => {
    expect(await layers(ARCHIVE, [link('a', '/etc/passwd'), file('a')])).toEqual({ '/a': 'file 0' });
  });

  it('replaces a link by a directory in images, and keeps it for packages', async () => {
    const all = [
      [link('lib', 'usr/lib'), file('usr/lib/a')],
      [directory('lib'), file('lib/b')],
    ];
    expect(await layers(IMAGE_LAYER, ...all)).toEqual({ '/usr/lib/a': 'file 0', '/lib/b': 'file 1' });
    expect(await layers(PACKAGE, ...all)).toEqual({
      '/lib': '-> usr/lib',
      '/usr/lib/a': 'file 0',
      '/usr/lib/b': 'file 1',
    });
  });

  it('replaces directories by files and files by directories between layers', async () => {
    expect(
      await layers(IMAGE_LAYER, [file('a/b'), file('c')], [file('a'), directory('c'), file('c/d')]),
    ).toEqual({
      '/a': 'file 2',
      '/c/d': 'file 3',
    });
  });

  it('resolves hard links across layers, and refuses those to what is not there', async () => {
    expect(await layers(IMAGE_LAYER, [file('a')], [hardLink('b', './a'), { name: '.wh.a' }])).toEqual({
      '/b': 'file 0',
    });
    expect(await layers(IMAGE_LAYER, [file('d/a'), link('l', '/d')], [hardLink('b', 'l/a')])).toMatchObject({
      '/b': 'file 0',
    });
    await expect(layers(ARCHIVE, [hardLink('b', '/etc/passwd')])).rejects.toThrow('which is not in it');
    await expect(layers(ARCHIVE, [directory('d'), hardLink('b', 'd')])).rejects.toThrow('which is not in it');
  });

  it('lets whiteouts remove what lower layers have, and nothing of their own layer', async () => {
    const lower = [file('a'), file('d/x'), file('d/y'), file('e/x')];
    expect(
      await layers(IMAGE_LAYER, lower, [file('.wh.a'), file('d/z'), file('d/.wh..wh..opq'), file('.wh.e')]),
    ).toEqual({
      '/d/z': 'file 4',
    });
    expect(
      await layers(IMAGE_LAYER, lower, [file('a'), file('.wh.a'), file('e/new'), file('.wh.e')]),
    ).toEqual({
      '/a': 'file 4',
      '/d/x': 'file 1',
      '/d/y': 'file 2',
      '/e/new': 'file 5',
    });
    expect(
      await layers(IMAGE_LAYER, lower, [file('none/.wh.x'), link('f', 'none'), file('f/.wh.y')]),
    ).toMatchObject({
      '/f': '-> none',
    });
  });

  it('takes a whiteout for a file where an archive is not a layer', async () => {
    expect(await layers(ARCHIVE, [file('.wh.a'), file('a')])).toEqual({ '/.wh.a': 'file 0', '/a': 'file 1' });
  });

  it('remembers devices, and does not confuse them with files', async () => {
    expect(
      await layers(ARCHIVE, [
        { name: 'null', type: '3' },
        { name: 'fifo', type: '6' },
      ]),
    ).toEqual({
      '/null': 'special',
      '/fifo': 'special',
    });
  });
});

describe('a hostile archive', () => {
  const hostile: Readonly<Record<string, readonly [readonly Member[], string]>> = {
    'has a name with ..': [[file('a/../../etc/passwd')], 'leads out of it'],
    'has a hard link with ..': [[hardLink('a', '../../etc/passwd')], 'leads out of it'],
    'replaces the root': [[link('./', '/etc')], 'replaces its root'],
    'has a loop of links': [[link('a', 'b'), link('b', 'a'), file('a/x')], 'loop of links'],
    'has a name that is too long': [[{ name: 'x', pax: [['path', 'n'.repeat(256)]] }], '256 bytes'],
    'has a path that is too long': [[{ name: 'x', pax: [['path', 'a/'.repeat(3000)]] }], '6000 bytes'],
    'has a zero byte in a name': [[{ name: 'x', pax: [['path', 'a\0b']] }], 'a zero byte'],
    'has a zero byte in a link': [[{ name: 'x', type: '2', pax: [['linkpath', 'a\0b']] }], 'a zero byte'],
    'has a link to nothing': [[link('x', '')], 'x is a link to a path of 0 bytes'],
    'has a link that is too long': [
      [{ name: 'x', type: '2', pax: [['linkpath', 'a/'.repeat(500_000)]] }, file('x/y')],
      'x is a link to a path of 1000000 bytes',
    ],
    'makes a long name by a link': [
      [link('a', '/'), { name: 'a', type: '2', pax: [['linkpath', 'n'.repeat(300)]] }, file('a/x')],
      '300 bytes',
    ],
  };
  for (const [what, [members, message]] of Object.entries(hostile))
    it(`is refused if it ${what}`, async () => {
      await expect(layers(ARCHIVE, members)).rejects.toMatchObject({
        code: 'hostile-archive',
        message: expect.stringContaining(message) as string,
      });
    });

  it('is refused if its links take too long to follow', async () => {
    const chain = Array.from({ length: 39 }, (_, i): Member => ({
      name: `l${i}`,
      type: '2',
      pax: [['linkpath', `${'./'.repeat(2000)}l${i + 1}`]],
    }));
    const files = Array.from({ length: 100 }, (_, i) => file(`l0/f${i}`));
    const all = [...chain, directory('l39'), ...files];
    expect(Object.keys(await layers(ARCHIVE, all)).length).toBe(39 + 100);
    const tree = new StagedTree({ steps: 1_000_000 });
    const reading = readTar(pieces(tar(...all)), entry => {
      tree.add(entry, () => 0);
      return undefined;
    });
    await expect(reading).rejects.toMatchObject({
      code: 'hostile-archive',
      message: expect.stringContaining('too long to follow') as string,
    });
  });

  it('is walked once for each layer and directory, however often whiteouts ask for it', async () => {
    const tree = new StagedTree();
    tree.beginLayer(IMAGE_LAYER);
    const add = async (...members: Member[]) =>
      readTar(pieces(tar(...members)), entry => {
        tree.add(entry, () => 0);
        return undefined;
      });
    await add(file('a/b/old'));
    tree.beginLayer(IMAGE_LAYER);
    await add(file('a/b/new'));
    const above = tree.find('/a/b') as DirectoryNode;
    let walks = 0;
    const walk = above.entries[Symbol.iterator].bind(above.entries);
    above.entries[Symbol.iterator] = () => {
      walks++;
      return walk();
    };
    const whiteouts = ['a/b/.wh..wh..opq', 'a/.wh..wh..opq', 'a/.wh.b', '.wh.a', 'a/b/.wh..wh..opq'];
    await add(...whiteouts.map(file));
    expect(walks).toBe(1);
    expect([...above.entries.keys()]).toEqual(['new']);
    tree.beginLayer(IMAGE_LAYER);
    await add(file('a/b/newer'), file('a/b/.wh..wh..opq'));
    expect(walks).toBe(2);
    expect([...above.entries.keys()]).toEqual(['newer']);
  });

  it('is refused if it has too many entries, or names too long to remember', () => {
    const entry = {
      type: 'file',
      link: '',
      mode: 0,
      uid: 0,
      gid: 0,
      mtime: 0,
      size: 0,
      attributes: new Map(),
    } as const;
    const add = (tree: StagedTree, name: (i: number) => string) => {
      for (let i = 0; i <= 1000; i++) tree.add({ ...entry, name: name(i) }, () => i);
    };
    expect(() => add(new StagedTree({ entries: 1000, characters: 10_000 }), String)).toThrow(
      'more than 1000 files',
    );
    expect(() => add(new StagedTree({ entries: 2000, characters: 10_000 }), () => 'n'.repeat(200))).toThrow(
      'more than 10000 characters',
    );
  });
});
