import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestOfTree } from '../../scripts/compatibility/tree.ts';
import { scratch } from '../io/scratch.ts';
import type { Attempt } from '../../scripts/compatibility/attempt.ts';
import { printedOptions, ranDecoy, unusedParts } from '../../scripts/compatibility/measure.ts';
import type { RowResult } from '../../scripts/compatibility/result.ts';
import { WrapperMarks } from '../../scripts/compatibility/wrappers.ts';
import { compatibilityPage } from '../../scripts/compatibility/table.ts';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { MARKER } from '../lab/hostile-host.ts';

describe('printedOptions', () => {
  it('reads the options from the summary of a tree', () => {
    const printed = [
      '  needs    not brought: /usr/share/app, 1 kB, for /usr/bin/app',
      '  needs    --needs recommended brings all of them, 3 kB',
      '  needs    --include /usr/share/app --dlopen libplugin.so.1',
    ].join('\n');
    expect(printedOptions(printed)).toEqual(
      '--needs recommended --include /usr/share/app --dlopen libplugin.so.1'.split(' '),
    );
  });

  it('reads the options from the report of a trial, each once', () => {
    const printed = '  Bring what is missing: flix vendor … --include /usr/share/a --include /usr/share/a\n';
    expect(printedOptions(printed)).toEqual(['--include', '/usr/share/a']);
  });

  it('takes no option from a sentence about something else', () => {
    expect(printedOptions('x: names /usr/share/a: add it with --include, unless every host has it')).toEqual(
      [],
    );
  });
});

it('reports that a decoy ran only if a program of the tree loaded it', () => {
  const use = { program: '/usr/bin/sh', how: 'open', path: MARKER, outcome: 'found' } as const;
  expect(ranDecoy([use], program => program === '/usr/bin/app')).toBe(false);
  expect(ranDecoy([use], program => program === '/usr/bin/sh')).toBe(true);
});

it('tells a wrapper and the tools that make its view from programs in it, also from children of these', () => {
  const marks = new WrapperMarks(path => path.startsWith('/usr/bin/git') || path === '/usr/bin/perl');
  const lines = [
    // the program of the lab that enters the root
    '1 execve("/usr/bin/perl", [...], 0x1 /* 8 vars */) = 0',
    '1 execve("/data/busybox", [...], 0x1 /* 8 vars */) = 0',
    '1 execve("/usr/bin/git", [...], 0x1 /* 8 vars */ <unfinished ...>',
    '1 execve("/usr/bin/unshare", [...], 0x1 /* 8 vars */) = 0',
    '1 execve("/bin/sh", [...], 0x1 /* 8 vars */) = 0',
    '1 clone(child_stack=NULL) = 4',
    '4 execve("/usr/bin/mount", [...], 0x1 /* 8 vars */) = 0',
    '1 execve("/usr/bin/git", [...], 0x1 /* 8 vars */) = 0',
    '1 vfork( <unfinished ...>',
    '2 execve("/usr/bin/git-shell", [...], 0x1 /* 8 vars */) = 0',
    '1 <... vfork resumed>) = 2',
    '3 execve("/usr/bin/git", [...], 0x1 /* 8 vars */) = 0',
  ];
  expect(lines.map(line => /execve\("([^"]*)"/.exec(marks.line(line))?.[1])).toEqual([
    '/usr/bin/perl',
    '/data/busybox',
    '/wrapper/usr/bin/git',
    '/wrapper/usr/bin/unshare',
    '/wrapper/bin/sh',
    undefined,
    '/wrapper/usr/bin/mount',
    '/usr/bin/git',
    undefined,
    '/usr/bin/git-shell',
    undefined,
    '/wrapper/usr/bin/git',
  ]);
});

it('sums the bytes that the work did not open by the reason why the tree has them', () => {
  const files = [
    { path: '/usr/share/app/deep/er/a', bytes: 3 },
    { path: '/usr/share/app/deep/b', bytes: 4 },
    { path: '/usr/share/app/other', bytes: 5 },
    { path: '/usr/local/app/lib/liba.so', bytes: 6 },
    { path: '/usr/local/app/lib/libb.so', bytes: 7 },
    { path: '/usr/lib/not-in-the-manifest', bytes: 90 },
  ];
  const manifest = {
    files: [
      ...files.slice(0, 3).map(({ path }) => ({ path, role: 'resource', why: 'in the package app' })),
      { path: '/usr/local/app/lib/liba.so', role: 'library', why: 'needed by /usr/bin/app' },
      { path: '/usr/local/app/lib/libb.so', role: 'library', why: 'needed by liba.so' },
    ],
  } as unknown as Manifest;
  expect(unusedParts(files, manifest)).toEqual([
    { why: 'libraries that programs of the tree load', path: '/usr/local/app/lib', bytes: 13 },
    { why: 'in the package app', path: '/usr/share/app/deep', bytes: 12 },
  ]);
});

const run = {
  works: true,
  hostLibraries: [],
  missed: [],
  fixes: [],
  usedBytes: 1000,
  usedFiles: [],
  seconds: 1,
};
const made = {
  mode: 'flix',
  tree: '0',
  bytes: 5000,
  open: 1,
  recall: {
    used: 4,
    lacking: ['/usr/share/a'],
    exempt: { certificates: [], index: [], driver: ['/usr/lib/libGLX_mesa.so.0'] },
    ofOthers: 2,
    bytes: 1000,
  },
  unused: [{ why: 'in the package git', path: '/usr/share/git', bytes: 4000 }],
  audit: [],
  over: run,
  alone: run,
} as const;
const working: Attempt = { added: [], status: 0, printed: '', vendorPrints: [], seconds: 1.25, made };
const fails: Attempt = {
  ...working,
  printed: 'not brought: /usr/share/a',
  made: { ...made, alone: { ...run, works: false, reason: 'exit | 1', missed: ['/usr/share/a'] } },
};

function page(...attempts: Attempt[]): string {
  const result: RowResult = {
    name: 'git',
    kind: 'suites',
    release: 'bookworm',
    mode: 'flix',
    vendor: ['--package', 'git'],
    version: '1:2',
    attempts,
  };
  return compatibilityPage([result], { date: '2026-01-31', flix: '0.1.0' });
}

describe('compatibilityPage', () => {
  it('shows a row that works at the first attempt', () => {
    expect(page(working)).toContain(
      '| git 1:2 | suites | `--package git` | flix | o yes, a yes | yes | 0 | 75.0 % | 4.00 kB | 1 | 5.00 kB | 1.3 |',
    );
    expect(page(working)).toContain('| bookworm | 1 | 1 (100.0 %) | 1 (100.0 %) | 0 | 75.0 % |');
    expect(page(working)).toContain('| git | bookworm | 1.00 kB | 5.00 kB | 5.0 |');
  });

  it('keeps a row that failed at first, with the reason, what was added, and whether flix had named it', () => {
    const text = page(fails, { ...working, added: ['--include', '/usr/share/a'] });
    expect(text).toContain('o yes, a no | with `--include /usr/share/a`');
    expect(text).toContain(
      '- **git**, alone: `exit 1`; did not find 1 path, such as /usr/share/a. flix had said: `not brought: /usr/share/a`',
    );
    expect(text).toContain('| bookworm | 1 | 0 (0.0 %) | 1 (100.0 %) |');
  });

  it('counts a row as failed if a library of the host was opened, although the work was done', () => {
    const leak = { ...working, made: { ...made, over: { ...run, hostLibraries: ['/usr/lib/libhost.so'] } } };
    expect(page(leak)).toContain('opened /usr/lib/libhost.so');
    expect(page(leak)).toContain('| bookworm | 1 | 0 (0.0 %) | 0 (0.0 %) | 1 |');
  });

  it('marks a row that does not work if flix had named the reason', () => {
    expect(page(fails)).toContain('| o yes, a no | no, as flix said |');
    expect(page({ ...fails, printed: '' })).toContain('| o yes, a no | no |');
  });

  it('compares the audit with the run over the same host', () => {
    const finding = (severity: 'error' | 'warning', culprit: string) => ({
      severity,
      kind: 'missing/library',
      subject: '/usr/bin/git',
      culprit,
      message: `lacks ${culprit}`,
    });
    const audited = (works: boolean, missed: string[], ...audit: ReturnType<typeof finding>[]) =>
      page({ ...working, made: { ...made, audit, over: { ...run, works, missed } } });
    expect(audited(true, [], finding('warning', 'liba.so'))).toContain('They agree in 1 of 1 row.');
    const unused = audited(true, [], finding('error', 'liba.so'));
    expect(unused).toContain('They agree in 1 of 1 row.');
    expect(unused).toContain(
      '- **git**, bookworm: works and does not use the file of missing/library: `lacks liba.so`',
    );
    expect(
      page({
        ...working,
        made: {
          ...made,
          audit: [finding('error', 'liba.so')],
          over: { ...run, usedFiles: ['/usr/bin/git'] },
        },
      }),
    ).toContain('- **git**, bookworm: works, although missing/library: `lacks liba.so`');
    expect(audited(false, ['/usr/share/a'], finding('warning', '/usr/share/a'))).toContain('They agree in 1');
    expect(audited(false, ['/usr/share/a'], finding('error', 'liba.so'))).toContain('They agree in 1');
    expect(audited(false, ['/usr/share/b'], finding('warning', '/usr/share/a'))).toContain(
      '- **git**, bookworm: fails, and flix had not said why',
    );
  });

  it('explains a tree with more than five times the bytes that the work opened', () => {
    const large = page({ ...working, made: { ...made, bytes: 6000 } });
    expect(large).toContain(
      '- **git**, bookworm: 6.00 kB for 1.00 kB, 6.0 ×. Not opened: 4.00 kB in the package git (most of it /usr/share/git).',
    );
    expect(page(working)).not.toContain('Not opened:');
  });

  it('lists what a tree lacks, and how many files do not count and why', () => {
    const text = page(working);
    expect(text).toContain('- **git**, bookworm: /usr/share/a');
    expect(text).toContain('outside the tree opened: 2 files in 1 row');
    expect(text).toMatch(/graphics drivers of Mesa, .*: 1 file in 1 row/);
    expect(text).not.toContain('certificates below');
  });

  it('keeps a row that cannot be vendored, with the message', () => {
    const { made: _, ...refused } = working;
    expect(page({ ...refused, status: 2, printed: 'flix: no\n  Do this.' })).toContain(
      '`flix vendor` ended with status 2: `flix: no Do this.`',
    );
  });
});

describe('the comparison of the modes', () => {
  const rowOf = (mode: RowResult['mode'], attempt: Attempt): RowResult => ({
    name: 'git',
    kind: 'suites',
    release: 'bookworm',
    mode,
    vendor: ['--package', 'git'],
    version: '1:2',
    attempts: [attempt],
  });
  const start = {
    command: '/usr/bin/git --version',
    asRoot: { wrapped: 30, native: 10 },
    asUser: 'the wrapper ended with 32000, and the program without it with 0',
  };
  const wrapped: Attempt = { ...working, made: { ...made, mode: 'flatwrap', asUser: run, start } };
  const pageOf = (auto: Attempt) =>
    compatibilityPage([rowOf('flix', working), rowOf('flatwrap', wrapped), rowOf('auto', auto)], {
      date: '2026-01-31',
      flix: '0.1.0',
    });

  it('names each row that works in one mode but not with --mode auto, and where', () => {
    expect(pageOf(working)).toContain(
      '- **git** (bookworm): at the first attempt, it works as an ordinary user in Flatwrap mode only.',
    );
    expect(pageOf(wrapped)).toContain('It is at least as good as either mode in every row');
    expect(pageOf(wrapped)).toContain(
      'Flatwrap mode in 1: git (bookworm). Without `--mode`, flix chooses in the same way.',
    );
  });

  it('shows how long wrappers take to start, and nothing where they were not measured', () => {
    expect(pageOf(working)).toContain('| 1.3 | 30 ms, 3.0 × | – |');
  });
});

describe('digestOfTree', () => {
  const at = scratch();
  const treeOf = (name: string, manifest: object, data = 'data') => {
    fs.mkdirSync(at(`${name}/usr`), { recursive: true });
    fs.writeFileSync(at(`${name}/usr/manifest.json`), JSON.stringify(manifest));
    fs.writeFileSync(at(`${name}/usr/data`), data);
    return digestOfTree(at(name), '/usr/manifest.json');
  };

  it('is that of a tree without the reason for its mode', () => {
    const digest = treeOf('named', { mode: 'flix', files: [] });
    expect(treeOf('chosen', { mode: 'flix', modeBecause: 'served', files: [] })).toBe(digest);
  });

  it('is the same without the fields that the caller leaves out', () => {
    treeOf('older', { flix: '0.1.0', files: [] });
    treeOf('newer', { flix: '0.2.0', files: [] });
    const [older, newer] = ['older', 'newer'].map(name =>
      digestOfTree(at(name), '/usr/manifest.json', ['flix']),
    );
    expect(newer).toBe(older);
  });

  it('differs where a file or the rest of the manifest differs', () => {
    const digests = [
      treeOf('one', { files: [] }),
      treeOf('other-data', { files: [] }, 'other'),
      treeOf('other-manifest', { files: ['a'] }),
    ];
    expect(new Set(digests).size).toBe(3);
  });
});
