import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { asUser, directoryOfUser, installPackage, packForNpm } from '../lab/npm-package.ts';
import { runInOverlay } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const able = has(
  'root',
  'archive',
  'mountNamespace',
  'userNamespace',
  'loopDevice',
  'tool:npm',
  'tool:setpriv',
  'tool:mksquashfs',
  'tool:bwrap',
  'tool:strace',
);

/** A shell block of a page, and the output that the page shows right below it. */
interface Step {
  readonly script: string;
  readonly shown: readonly string[];
}

/** Returns the steps of a page up to a heading, and those after it. */
function stepsOf(page: string, heading: string): [Step[], Step[]] {
  const parts = page.split(`\n${heading}\n`);
  if (parts.length !== 2) throw new Error(`the page has no heading ${heading}`);
  return [stepsIn(parts[0]!), stepsIn(parts[1]!)];
}

function stepsIn(text: string): Step[] {
  const blocks = text.matchAll(/^```sh\n([^]*?)^```\n(?:\n```console\n([^]*?)^```\n)?/gm);
  return Array.from(blocks, ([, script, shown = '']) => ({
    script: script!,
    shown: shown.split('\n').filter(line => line !== '' && line !== '…'),
  }));
}

/** Separates the outputs of the steps. */
const MARK = '@@ next step';

/** Joins the steps into one script, so that `cd` lasts. */
function scriptOf(steps: readonly Step[]): string {
  return ['set -eu', 'exec 2>&1', ...steps.map(({ script }) => `${script}echo '${MARK}'`)].join('\n');
}

/** Replaces what differs from run to run: numbers, digests, days and spaces. */
function masked(line: string): string {
  return line
    .replaceAll(/\b(?:0x)?[0-9a-f]{8,}\b/g, 'N')
    .replaceAll(/\d+(?:\.\d+)*/g, 'N')
    .replaceAll(/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b/g, 'DAY')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Returns the lines that the page shows and the step did not print. */
function notPrinted(steps: readonly Step[], output: string): string[] {
  const outputs = output.split(`${MARK}\n`);
  return steps.flatMap(({ shown }, i) => {
    const lines = new Set((outputs[i] ?? '').split('\n').map(masked));
    return shown.filter(line => !lines.has(masked(line)));
  });
}

describe.runIf(able)('the steps of a page, run literally', () => {
  let home: string;
  let work: string;
  beforeAll(() => {
    home = fs.mkdtempSync('/tmp/flix-e2e-');
    work = fs.mkdtempSync('/tmp/flix-e2e-');
    const { file } = packForNpm(home);
    directoryOfUser(path.join(home, 'user'));
    const { exitCode, stderr } = installPackage(path.join(home, 'user'), file);
    if (exitCode !== 0) throw new Error(stderr);
  });
  afterAll(() => {
    for (const directory of [home, work]) fs.rmSync(directory, { recursive: true, force: true });
  });

  it.each([
    ['first-program', 'jq-extension/build/jq/squashfs/jq.raw'],
    ['python-application', 'inventory-extension/inventory.raw'],
  ])('docs/%s.md leads an ordinary user to an extension that systemd merges', async (page, image) => {
    const user = path.join(home, 'user');
    const [building, merging] = stepsOf(fs.readFileSync(`docs/${page}.md`, 'utf8'), '## Merge it');
    const script = `export PATH="$HOME/node_modules/.bin:$PATH"\n${scriptOf(building)}`;
    const built = asUser(user, 'bash', '-c', script);
    expect(built, built.stdout).toMatchObject({ exitCode: 0 });
    expect(notPrinted(building, `${built.stdout}\n`), built.stdout).toEqual([]);

    const shared = path.join(home, page);
    fs.mkdirSync(shared);
    fs.copyFileSync(path.join(user, image), path.join(shared, path.basename(image)));
    const host = { root: fs.realpathSync(await labRoot('host-trixie')), work, shared };
    // the upper layer of an overlay has to be on another file system than the lower one
    const place = 'mkdir -p /var/lib/extensions.mutable; mount -t tmpfs tmpfs /var/lib/extensions.mutable';
    const merged = await runInOverlay(host, ['bash', '-c', `${place}\ncd /shared\n${scriptOf(merging)}`]);
    expect(merged, merged.stdout).toMatchObject({ status: 0 });
    expect(notPrinted(merging, `${merged.stdout}\n`), merged.stdout).toEqual([]);
  });
});
