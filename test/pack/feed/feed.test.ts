import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packCommand } from '../../../src/cli/pack.ts';
import { addToFeed, type FeedOptions } from '../../../src/pack/feed/feed.ts';
import { checkFeedName, parseFeedFile } from '../../../src/pack/feed/names.ts';
import { transferText, transferUrl } from '../../../src/pack/feed/transfer.ts';
import type { PackedImage } from '../../../src/pack/image.ts';
import { run } from '../../cli/run.ts';
import { listener, scratch } from '../../io/scratch.ts';

const at = scratch();
const url = 'https://example.org/feed/';

/** A packed image with the properties that a feed uses. */
function packed(
  name: string,
  version: string,
  architecture = 'x86-64',
  content = `${name} ${version}`,
): PackedImage {
  const path = at(`${name}-${version}-${architecture}-packed.raw`);
  fs.writeFileSync(path, content);
  return {
    name,
    version,
    architecture,
    path,
    type: 'sysext',
    format: 'ddi',
    compression: 'small',
    kernel: '5.15',
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    uuid: undefined,
    rootHash: undefined,
    certificate: undefined,
    release: undefined,
    anyName: false,
    labelled: false,
    beside: [],
    tools: [],
  };
}

async function add(image: PackedImage, options: Partial<FeedOptions> = { url }) {
  const say = listener();
  const feed = await addToFeed(image, { directory: at('feed'), instancesMax: 2, ...options }, say);
  return { feed, said: say.said };
}
const read = (name: string) => fs.readFileSync(at('feed', name), 'utf8');

describe('addToFeed', () => {
  it('keeps several versions and architectures, and lists the newest', async () => {
    await add(packed('btop', '1.9'));
    await add(packed('btop', '1.10'), {}); // the feed remembers its URL
    await add(packed('btop', '1.2'), {});
    await add(packed('btop', '1.9', 'arm64'), {});
    const { feed } = await add(packed('tilde', '2-rc1'), {});
    expect(feed).toMatchObject({ url, file: 'tilde-2-rc1-x86-64.raw', versions: ['2-rc1'], signed: false });
    expect(read('latest')).toBe(
      'btop arm64 1.9 btop-1.9-arm64.raw\nbtop x86-64 1.10 btop-1.10-x86-64.raw\ntilde x86-64 2-rc1 tilde-2-rc1-x86-64.raw\n',
    );
    expect(read('SHA256SUMS').match(/ btop-.*\.raw$/gm)).toHaveLength(4);
    expect(read('btop-1.10-x86-64.raw')).toBe('btop 1.10');
    const images = ['1.10-x86-64', '1.2-x86-64', '1.9-arm64', '1.9-x86-64'].map(
      version => `btop-${version}.raw`,
    );
    const files = 'btop-arm64.butane.yaml btop-x86-64.butane.yaml btop.conf btop.transfer latest SHA256SUMS';
    const others = 'tilde-2-rc1-x86-64.raw tilde-x86-64.butane.yaml tilde.conf tilde.transfer';
    const expected = [...images, ...`${files} ${others}`.split(' ')];
    expect(fs.readdirSync(at('feed')).sort()).toEqual(expected.sort());
    expect(read('btop.conf')).toBe(read('btop.transfer'));
  });

  describe('with images for one release of the hosts', () => {
    const forRelease = async (release: string, version: string) =>
      add(
        { ...packed('btop', version, 'x86-64', release + version), release },
        { url, perHost: 'one release' },
      );

    it('names them for the release, and has hosts look for their own release first', async () => {
      await forRelease('ID=debian\nVERSION_ID=12\n', '1');
      await forRelease('ID=debian\nVERSION_ID=13\n', '1');
      const { feed } = await forRelease('ID=debian\nVERSION_ID=13\n', '2');
      await forRelease('ID=arch\n', '2');
      expect(feed).toMatchObject({ file: 'btop~debian~13~2-x86-64.raw', versions: ['1', '2'] });
      await add(packed('btop', '3'));
      expect(read('latest')).toBe(
        'btop x86-64 3 btop-3-x86-64.raw\nbtop~arch~ x86-64 2 btop~arch~~2-x86-64.raw\n' +
          'btop~debian~12 x86-64 1 btop~debian~12~1-x86-64.raw\nbtop~debian~13 x86-64 2 btop~debian~13~2-x86-64.raw\n',
      );
      expect(read('btop.transfer').match(/MatchPattern=.*/g)).toEqual(
        Array(2).fill('MatchPattern=btop~%o~%w~@v-%a.raw btop-@v-%a.raw'),
      );
      expect(read('btop~debian~12-x86-64.butane.yaml')).toContain('# btop 1 for x86-64 on debian 12, kept');
    });

    it('refuses a version for all hosts that some hosts have, and the reverse', async () => {
      await forRelease('ID=debian\nVERSION_ID=12\n', '1');
      await expect(add(packed('btop', '1'))).rejects.toMatchObject({ code: 'version-taken' });
      await add(packed('btop', '2'));
      await expect(forRelease('ID=debian\nVERSION_ID=12\n', '2')).rejects.toMatchObject({
        code: 'version-taken',
      });
    });

    it('refuses a release whose parts could not be told apart in a file name', async () => {
      await expect(forRelease('ID=debian\nVERSION_ID=1~2\n', '1')).rejects.toMatchObject({ code: 'usage' });
    });
  });

  it('warns that the feed is not signed', async () => {
    const { said } = await add(packed('btop', '1'));
    expect(said.join()).toContain('not signed');
    expect(read('btop.transfer')).toContain('Verify=no');
  });

  it('accepts the same bytes again, and refuses to change a published version', async () => {
    await add(packed('btop', '1'));
    await add(packed('btop', '1'));
    await expect(add(packed('btop', '1', 'x86-64', 'other'))).rejects.toMatchObject({
      code: 'version-taken',
    });
    fs.rmSync(at('feed', 'btop-1-x86-64.raw')); // hosts may still have it
    await expect(add(packed('btop', '1', 'x86-64', 'other'))).rejects.toMatchObject({
      code: 'version-taken',
    });
    await add(packed('btop', '1'));
    expect(read('btop-1-x86-64.raw')).toBe('btop 1');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['no-feed-url', () => add(packed('btop', '1'), {})],
    ['usage', () => add(packed('btop', '1'), { url: 'file:///feed' })],
    ['usage', () => add({ ...packed('btop', '1'), format: 'tar' })],
    ['no-version', () => add({ ...packed('btop', '1'), version: undefined })],
    ['bad-version', () => add(packed('btop', '1.31.0~rc1'))],
    ['bad-version', () => add(packed('btop', '1.32.0^git1'))],
    ['no-architecture', () => add({ ...packed('btop', '1'), architecture: undefined })],
    ['feed-name-clash', async () => (await add(packed('foo', '1')), add(packed('foo-bar', '1')))],
    ['feed-name-clash', async () => (await add(packed('foo-bar', '1')), add(packed('foo', '1')))],
  ])('refuses: %s', async (code, adding) => {
    await expect(adding()).rejects.toMatchObject({ name: 'FlixError', code });
    expect(fs.existsSync(at('feed')) && fs.readdirSync(at('feed')).some(name => name.startsWith('.'))).toBe(
      false,
    );
  });
});

describe('the name of an extension in a feed', () => {
  it.each([
    `app${String.fromCodePoint(0x2028)}passwd: {}`,
    'app update ; reboot',
    'app"x',
    'a$HOME',
    'a#b',
    'a@v',
    '-C',
    'a\u0085b',
  ])('may not have a meaning in YAML, a unit or a pattern: %j', name => {
    expect(() => checkFeedName(name)).toThrow(expect.objectContaining({ kind: 'input', code: 'bad-name' }));
  });

  it('may be in any script', () => {
    for (const name of ['btop', 'g++', 'a%b', 'Übung_1.2', '日本'])
      expect(() => checkFeedName(name)).not.toThrow();
  });
});

describe('the file names of a feed', () => {
  it('are parsed as the pattern matches them', () => {
    expect(parseFeedFile('a-b-1.0-2-x86-64.raw', 'a-b')).toEqual({
      name: 'a-b',
      version: '1.0-2',
      architecture: 'x86-64',
    });
    expect(parseFeedFile('a-1-arm64.raw', 'a')?.architecture).toBe('arm64');
    expect(parseFeedFile('a~debian~13.1~2-x86-64.raw', 'a')).toEqual({
      name: 'a',
      version: '2',
      architecture: 'x86-64',
      release: { id: 'debian', versionId: '13.1' },
    });
    for (const file of [
      'a~debian~1-x86-64.raw',
      'a~~1~1-x86-64.raw',
      'a~d~1~-x86-64.raw',
      'a-1.raw',
      'a-x86-64.raw',
      'b-1-x86-64.raw',
      'SHA256SUMS',
      'a-1-x86-64.roothash',
    ])
      expect(parseFeedFile(file, 'a')).toBeUndefined();
  });

  it('belong to a transfer file from which the URL can be read back', () => {
    const text = transferText({
      name: 'a%b',
      url: 'https://h/x%20y/',
      signed: true,
      instancesMax: 3,
      perHost: false,
    });
    expect(text).toContain('MatchPattern=a%%b-@v-%a.raw\n');
    expect(text).toContain('InstancesMax=3\n');
    expect(text).toContain('Verify=yes\n');
    expect(transferUrl(text)).toBe('https://h/x%20y/');
  });
});

describe('flix pack --feed', () => {
  it.each([
    [['--feed-url', url]],
    [['--feed', 'x', '--feed-url', url]],
    [['--feed', 'x', '--version', '1', '--instances-max', '1']],
    [['--feed', 'x', '--version', '1', '--instances-max', 'two']],
  ])('refuses %j before anything is packed', async options => {
    const { status, stdout } = await run(packCommand(), at('absent'), ...options);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(fs.existsSync('x')).toBe(false);
  });
});
