import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { boot } from '../lab/activation/boot.ts';
import { type Files, text } from '../lab/activation/case.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';
import { stage } from '../lab/stage.ts';

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
