import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { flix, makeRoot, picture, small } from '../cli/flix.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();
const page = fs.readFileSync('docs/services.md', 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, block]) => block!);

function makePlace(): void {
  makeRoot(at('debian-root'), {
    ...small,
    '/usr/sbin/haproxy': small['/usr/bin/app']!,
    '/usr/lib/systemd/system/haproxy.service': { text: '[Service]\nExecStart=/usr/sbin/haproxy\n' },
    '/etc/haproxy/haproxy.cfg': { text: 'global\n' },
  });
  const script = blocks('sh').find(block => block.startsWith('put()'))!;
  execaSync('sh', ['-eu', '-c', script], { cwd: at() });
}

describe.runIf(has('loader:glibc'))('docs/services.md', () => {
  it('has a recipe that makes the same tree as its command, with all files of the overlay', async () => {
    makePlace();
    const command = blocks('sh').find(
      block => block.startsWith('flix vendor') && block.includes('--overlay'),
    )!;
    const words = command.replaceAll('\\\n', ' ').trim().split(/\s+/).slice(1);
    const withoutImage = words.filter(word => word !== '--pack' && word !== '--reload-manager');
    expect(await flix([...withoutImage, '--no-run'], { cwd: at() })).toMatchObject({ status: 0 });
    const tree = picture(at('haproxy'));
    const names = fs.readdirSync(at('overlay'), { recursive: true, encoding: 'utf8' });
    for (const name of names) expect(fs.existsSync(at('haproxy', name))).toBe(true);

    const { pack, reloadManager, ...recipe } = JSON.parse(blocks('json')[0]!) as Record<string, unknown>;
    expect([pack, reloadManager]).toEqual([true, true]);
    fs.writeFileSync(at('flix.json'), JSON.stringify({ ...recipe, out: 'again' }));
    expect(await flix(['vendor', '--no-run'], { cwd: at() })).toMatchObject({ status: 0 });
    expect(picture(at('again'))).toEqual(tree);
  });
});
