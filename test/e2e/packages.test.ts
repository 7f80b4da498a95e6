import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { activate } from '../../src/plan/packages/activation.ts';
import { scratch } from '../io/scratch.ts';
import { boot } from '../lab/activation/boot.ts';
import { type Files, text } from '../lab/activation/case.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';
import { stage } from '../lab/stage.ts';
import { rootAt } from '../plan/plan.ts';

const at = scratch();

/** A host without the accounts of a distribution. */
const bare: Files = {
  '/etc/passwd': text('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n'),
  '/etc/group': text('root:x:0:\nnogroup:x:65534:\n'),
  '/etc/shadow': text('root:*:19000:0:99999:7:::\n'),
  '/etc/gshadow': text('root:*::\n'),
};
/** systemd before 255 does not reload itself after a merge. */
const reloading: Files = {
  '/etc/systemd/system/sysinit.target.wants/ensure.service': { link: '../ensure.service' },
  '/etc/systemd/system/ensure.service': text(
    '[Unit]\nDefaultDependencies=no\nAfter=systemd-sysext.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=systemctl daemon-reload\n',
  ),
};

/** Whether nginx answers with its default configuration, as the account that the extension brought. */
const SERVES = `
systemctl is-active nginx.service flix-nginx-setup.service || { systemctl status nginx flix-nginx-setup; exit 1; }
id www-data && [ "$(stat -c %G /var/log/nginx)" = adm ] && [ -L /etc/nginx/sites-enabled/default ] || exit 2
bash -c 'exec 3<>/dev/tcp/127.0.0.1/80; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3' | grep "^Server: nginx"
stat -c %U $(grep -l nginx /proc/[0-9]*/comm) | grep www-data
`;

describe.runIf(has('root', 'mountNamespace', 'archive', 'tool:systemd-nspawn'))(
  'a package with a service',
  () => {
    it.each<[string, RootName, RootName, Files, ...string[]]>([
      ['systemd 257', 'apps-bookworm', 'update-trixie', bare],
      ['systemd 257 and wrappers', 'apps-bookworm', 'update-trixie', bare, '--mode', 'flatwrap', '--trim'],
      ['systemd 252', 'apps-trixie', 'host-bookworm', { ...bare, ...reloading }],
    ])(
      'runs with its configuration and account after a merge on a bare host with %s',
      async (_, from, host, files, ...mode) => {
        await flix('vendor', await labRoot(from), '--package', 'nginx', '--out', at('tree'), ...mode);
        const booted = await boot({
          root: await labRoot(host),
          host: files,
          type: 'sysext',
          scratch: at('boot'),
          cases: [{ name: 'nginx', kind: '', files: {}, tree: at('tree'), works: SERVES }],
        });
        expect(booted.said('nginx')).toContain('Server: nginx');
        expect(booted.works('nginx')).toBe(true);
      },
    );
  },
);

const UNITS = '/usr/lib/systemd/system';
const counted = (...lines: string[]) =>
  text(`[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\n${lines.join('\n')}\n`);

/** Units that do not stay active, and a timer that does; each counts its starts in a file of /run. */
const units: Files = {
  [`${UNITS}/fails.service`]: counted("ExecStart=/bin/sh -c 'echo >>/run/fails; exit 1'"),
  [`${UNITS}/ends.service`]: counted("ExecStart=/bin/sh -c 'echo >>/run/ends'"),
  [`${UNITS}/skipped.service`]: counted(
    "ExecCondition=/bin/sh -c 'echo >>/run/skipped; exit 1'",
    'ExecStart=/bin/true',
  ),
  [`${UNITS}/early.timer`]: text('[Timer]\nOnActiveSec=1d\n'),
  [`${UNITS}/early.service`]: counted('ExecStart=/bin/true'),
  [`${UNITS}/own.target`]: text('[Unit]\n'),
  [`${UNITS}/pulled.service`]: counted("ExecStart=/bin/sh -c 'echo >>/run/pulled'"),
};
const ENABLED: readonly (readonly [string, string])[] = [
  ...['fails.service', 'ends.service', 'skipped.service', 'own.target'].map(
    name => ['multi-user.target', name] as const,
  ),
  ['timers.target', 'early.timer'],
  ['own.target', 'pulled.service'],
];

const STARTS = `
for i in $(seq 20); do systemctl list-jobs >/dev/null; sleep 0.1; done
cd /run && wc -l fails ends skipped pulled
systemctl is-active early.timer own.target flix-enabled-setup.service
`;

describe.runIf(has('root', 'mountNamespace', 'archive', 'tool:systemd-nspawn'))(
  'the units that a root enables',
  () => {
    it.each<[string, RootName, Files]>([
      ['systemd 257', 'update-trixie', bare],
      ['systemd 252', 'host-bookworm', { ...bare, ...reloading }],
    ])('start once after the merge, also if they fail or are skipped, with %s', async (_, host, files) => {
      const view = rootAt(at('root'), {
        ...units,
        '/etc/passwd': text('root:x:0:0::/:/bin/sh\nown:x:105:105::/:/bin/false\n'),
        ...Object.fromEntries(
          ENABLED.map(([from, to]) => [
            `/etc/systemd/system/${from}.wants/${to}`,
            { link: `${UNITS}/${to}` },
          ]),
        ),
      });
      const { files: made } = activate({
        view,
        name: 'enabled',
        prefix: '/usr/local/enabled',
        paths: Object.keys(units),
        state: [],
        texts: ['adduser own'],
      });
      const written = made.flatMap(({ target, content }) =>
        content.kind === 'text' ? [[target, text(content.text)] as const] : [],
      );
      const booted = await boot({
        root: await labRoot(host),
        host: files,
        type: 'sysext',
        scratch: at('boot'),
        cases: [
          { name: 'enabled', kind: '', files: { ...units, ...Object.fromEntries(written) }, works: STARTS },
        ],
      });
      expect(
        booted
          .said('enabled')
          .replaceAll(/ +/g, ' ')
          .split('\n')
          .map(line => line.trim()),
      ).toEqual(['1 fails', '1 ends', '1 skipped', '1 pulled', '4 total', 'active', 'active', 'active']);
    });
  },
);

const PYTHON = `
import json, lzma, sqlite3, ssl
print(sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0], ssl.HAS_TLSv1_3)
`;
const VIM = 'if filereadable($VIMRUNTIME . "/filetype.vim") | quit | endif';

describe.runIf(has('chroot', 'mountNamespace', 'tool:strace', 'archive'))('a package of a program', () => {
  it.each<[string, RootName, readonly string[], RegExp]>([
    ['vim', 'apps-bookworm', ['/usr/bin/vim', '-es', '-u', 'NONE', '-c', VIM, '-c', 'cquit'], /^$/],
    ['git', 'apps-trixie', ['/usr/bin/git', 'init', '/data/new'], /^Initialized empty Git repository/],
    ['python3', 'apps-bookworm', ['/usr/bin/python3', '-c', PYTHON], /^42 True$/],
    ['python3', 'apps-trixie', ['/usr/bin/python3', '-c', PYTHON], /^42 True$/],
    ['file', 'apps-trixie', ['/usr/bin/file', '/usr/bin/file'], /ELF 64-bit/],
  ])('works where only the tree exists: %s of %s', async (name, root, argv, prints) => {
    await flix('vendor', await labRoot(root), '--package', name, '--out', at('tree'));
    const alone = stage({ tree: at('tree'), host: undefined, scratch: at('stage'), sonames: [] });
    const [program, ...options] = alone.command(argv);
    const { stdout, stderr, exitCode } = await execa(program!, options, { reject: false });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(prints);
  });
});
