import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { walk } from '../../src/view/walk.ts';
import { scratch } from '../io/scratch.ts';
import { boot } from '../lab/activation/boot.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const at = scratch();

const GET = `
get() { # PORT PATH
  bash -c 'exec 3<>/dev/tcp/127.0.0.1/$1; printf "GET %s HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n" "$2" >&3; cat <&3' get "$1" "$2"
}
until_shown() { # TEXT PORT PATH
  for try in $(seq 60); do get "$2" "$3" 2>/dev/null | tr -d '\\0' >/tmp/page; grep -qa "$1" /tmp/page && return; sleep 1; done
  head -c 2000 /tmp/page; return 1
}
`;

/** The login page by the units of the package, and a page that cockpit-bridge reads. */
const COCKPIT = `${GET}
systemctl is-active cockpit.socket || exit 1
until_shown 'id="login-user-input"' 9090 / || { systemctl status 'cockpit*'; journalctl -n 60; exit 2; }
pgrep() { grep -lsx "$1" /proc/[0-9]*/comm; }
pgrep cockpit-ws || exit 3
/usr/lib/cockpit/cockpit-ws --no-tls -a 127.0.0.1 -p 9999 --local-session=/usr/bin/cockpit-bridge >/tmp/log 2>&1 &
until_shown '<title' 9999 /cockpit/@localhost/system/index.html || { cat /tmp/log; exit 4; }
grep -qa 'class="pf-' /tmp/page || { head -c 2000 /tmp/page; exit 5; }
echo served
`;

/**
 * The test driver in the client, and in the daemon that the package's socket starts. The daemon has threads when it forks
 * (virCommandRunAsync), and its child may wait for a lock of the C library that another thread held: then it never answers, and
 * is started again.
 */
const LIBVIRT = `
systemctl is-active libvirtd.socket || exit 1
virsh -c test:///default list || exit 2
answers() { timeout 60 virsh -c 'test+unix:///default' list --all; }
answers || { systemctl kill -s KILL libvirtd; answers; } || { systemctl status libvirtd; journalctl -n 60; exit 3; }
systemctl is-active libvirtd.service || exit 4
readlink /proc/$(systemctl show -P MainPID libvirtd.service)/exe | grep -x /usr/sbin/libvirtd || exit 5
`;

describe.runIf(has('root', 'mountNamespace', 'archive', 'tool:systemd-nspawn'))(
  'services that are made for a minimal host',
  () => {
    it('run there under its systemd: Cockpit serves its pages, and libvirtd answers virsh', async () => {
      const [from, host] = [await labRoot('services-trixie'), await labRoot('nss-host-trixie')];
      const made = [
        ['cockpit', ['cockpit-ws', 'cockpit-bridge', 'cockpit-system', 'openssl'], COCKPIT],
        ['libvirt', ['libvirt-daemon-system', 'libvirt-clients', 'iptables'], LIBVIRT],
      ] as const;
      for (const [name, packages] of made) {
        const given = packages.flatMap(each => ['--package', each]);
        await flix('vendor', from, ...given, '--name', name, '--host', host, '--out', at(name), '-q');
      }
      const view = directoryView(host);
      for (const [name] of made) {
        const files = [...walk(directoryView(at(name)), '/')].filter(({ kind }) => kind !== 'directory');
        expect(files.filter(file => view.kind(file.path) !== undefined).map(file => file.path)).toEqual([]);
        // glibc and what the host has stay the host's
        expect(files.map(file => path.basename(file.path))).not.toContain('libc.so.6');
      }
      const booted = await boot({
        root: host,
        host: {},
        type: 'sysext',
        scratch: at('boot'),
        cases: made.map(([name, , works]) => ({ name, kind: '', files: {}, tree: at(name), works })),
      });
      for (const [name] of made)
        expect([name, booted.said(name), booted.works(name)]).toEqual([name, expect.any(String), true]);
      expect(booted.said('cockpit')).toMatch(/served$/);
      expect(booted.said('libvirt')).toMatch(/ 1 +test +running[^]* 1 +test +running[^]*active/);
    }, 600_000);
  },
);
