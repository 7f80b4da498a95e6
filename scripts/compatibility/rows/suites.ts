import type { Row } from '../row.ts';

const packages = (...names: string[]) => names.flatMap(name => ['--package', name]);

/** A boot sector that writes OK to the serial port and leaves the machine with status 33. */
const BOOT = String.raw`printf '\272\370\003\260\117\356\260\113\356\272\364\000\260\020\356\353\376' > boot; dd if=/dev/zero bs=1 count=493 >> boot 2>/dev/null; printf '\125\252' >> boot; dd if=/dev/zero bs=512 count=63 >> boot 2>/dev/null`;

/** Suites of programs that run each other. */
export const suites: readonly Row[] = [
  {
    name: 'git',
    install: ['git'],
    vendor: packages('git'),
    work: `/usr/bin/git config --global user.email a@b.c && /usr/bin/git config --global user.name A
/usr/bin/git init -q r && cd r && echo one > f && /usr/bin/git add f && /usr/bin/git commit -qm first
cd .. && /usr/bin/git clone -q r copy && cd copy && echo two >> f && /usr/bin/git commit -qam second && /usr/bin/git push -q origin HEAD:side
/usr/bin/git rebase -q HEAD~0 && /usr/bin/git submodule status && /usr/bin/git log --oneline --stat
/usr/bin/git -C ../r branch --list side; /usr/bin/git daemon --base-path=/data --export-all --detach && sleep 1 && /usr/bin/git ls-remote git://127.0.0.1/r`,
    prints: /second[^]*first[^]*side[^]*refs\/heads\/side/,
  },
  {
    name: 'postfix',
    install: ['postfix'],
    vendor: packages('postfix'),
    files: {
      '/etc/postfix/main.cf':
        'compatibility_level = 3.6\nmyhostname = host.test\nmydestination = host.test, localhost\ninet_interfaces = loopback-only\nmail_spool_directory = /data/mail/\nmaillog_file = /var/log/mail.log\nalias_maps =\nalias_database =\n',
    },
    make: 'mkdir mail; chmod 777 mail; cp /usr/share/postfix/master.cf.dist master.cf',
    work: `cp master.cf /etc/postfix/master.cf && echo 'postlog unix-dgram n - n - 1 postlogd' >> /etc/postfix/master.cf
/usr/sbin/postfix start; sleep 2
printf 'Subject: hello\\n\\nbody\\n' | /usr/sbin/sendmail www-data@host.test
for i in $(seq 15); do ls mail/*/new/* >/dev/null 2>&1 && break; sleep 1; done; cat mail/*/new/* || cat /var/log/mail.log`,
    prints: /Subject: hello[^]*body/,
  },
  {
    name: 'smbclient',
    install: ['smbclient', 'samba'],
    vendor: packages('smbclient'),
    make: `mkdir share; echo shared text > share/f.txt; chmod 777 share
printf '[global]\\nworkgroup = W\\nmap to guest = bad user\\nlock directory = /data/l\\nstate directory = /data/l\\ncache directory = /data/l\\nprivate dir = /data/l\\npid directory = /data/l\\nncalrpc dir = /data/l/n\\nguest account = root\\n[s]\\npath = /data/share\\nguest ok = yes\\n' > smb.conf; mkdir -p l/n`,
    beside: 'smbd -F --no-process-group -s /data/smb.conf --debug-stdout',
    work: `for i in $(seq 15); do nc -z 127.0.0.1 445 2>/dev/null && break; sleep 1; done; sleep 1; /usr/bin/smbclient //127.0.0.1/s -U guest%x -c 'ls; get f.txt' && cat f.txt`,
    prints: /f\.txt[^]*shared text/,
  },
  {
    name: 'qemu-system-x86',
    install: ['qemu-system-x86'],
    vendor: packages('qemu-system-x86'),
    make: BOOT,
    work: `/usr/bin/qemu-system-x86_64 -accel tcg -m 32 -display none -serial file:/data/serial -device isa-debug-exit,iobase=0xf4,iosize=1 -drive file=boot,format=raw,if=ide; echo status $?; cat serial`,
    prints: /status 33\nOK/,
  },
  {
    name: 'qemu-utils',
    install: ['qemu-utils'],
    vendor: packages('qemu-utils'),
    work: `seq 99999 > raw && truncate -s 1M raw && /usr/bin/qemu-img convert -c -f raw -O qcow2 raw a.qcow2 && /usr/bin/qemu-img convert -O vmdk a.qcow2 a.vmdk && /usr/bin/qemu-img info a.vmdk && /usr/bin/qemu-img compare raw a.vmdk
/usr/bin/qemu-nbd --fork -k /data/nbd a.qcow2 && /usr/bin/qemu-img info nbd:unix:/data/nbd`,
    prints: /vmdk[^]*Images are identical[^]*raw/,
  },
  {
    name: 'libvirt',
    install: ['libvirt-daemon-system', 'libvirt-clients'],
    vendor: packages('libvirt-daemon-system', 'libvirt-clients'),
    work: `/usr/bin/virsh -c test:///default list; /usr/sbin/libvirtd -d && sleep 2 && /usr/bin/virsh -c qemu:///system uri && /usr/bin/virsh -c qemu:///system pool-define-as p dir --target /data/pool
printf '<network><name>n</name><bridge name="virbr7"/></network>' > n.xml && /usr/bin/virsh -c qemu:///system net-define n.xml && /usr/bin/virsh -c qemu:///system net-list --all`,
    prints: /test +running[^]*qemu:\/\/\/system[^]*Pool p defined[^]*n +inactive/,
  },
  {
    name: 'cockpit',
    install: ['cockpit'],
    vendor: packages('cockpit'),
    work: `/usr/lib/cockpit/cockpit-ws --no-tls -a 127.0.0.1 -p 9090 --local-session=/usr/bin/cockpit-bridge > log 2>&1 &
for i in $(seq 20); do wget -qO page http://127.0.0.1:9090/cockpit/@localhost/system/index.html && break; sleep 1; done; head -c 600 page; cat log`,
    prints: /<html[^]*<title/,
  },
  {
    name: 'ansible-core',
    releases: ['bookworm'],
    install: ['ansible-core'],
    vendor: packages('ansible-core'),
    make: `printf -- '- hosts: localhost\\n  gather_facts: true\\n  tasks:\\n  - copy: {content: "{{ ansible_facts.kernel_version | default(1) | string | length }} written", dest: /data/result}\\n  - command: cat /data/result\\n    register: out\\n  - debug: {var: out.stdout}\\n' > p.yml`,
    work: '/usr/bin/ansible-playbook p.yml && cat result',
    prints: /failed=0[^]*written/,
  },
  {
    name: 'subversion',
    releases: ['bookworm'],
    install: ['subversion'],
    vendor: packages('subversion'),
    work: '/usr/bin/svnadmin create r && /usr/bin/svn -q checkout file:///data/r w && cd w && echo x > f && /usr/bin/svn -q add f && /usr/bin/svn commit -m first && /usr/bin/svn update && /usr/bin/svn log',
    prints: /Committed revision 1[^]*first/,
  },
  {
    name: 'mercurial',
    releases: ['bookworm'],
    install: ['mercurial'],
    vendor: packages('mercurial'),
    work: '/usr/bin/hg init r && cd r && echo x > f && /usr/bin/hg add f && /usr/bin/hg commit -u me -m first && /usr/bin/hg clone -q . ../c && /usr/bin/hg -R ../c log',
    prints: /summary: +first/,
  },
  {
    name: 'gcc',
    install: ['gcc', 'libc6-dev'],
    vendor: packages('gcc'),
    make: `cat > a.c <<'END'
static long call(long n, long a, long b, long c) { long r; __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory"); return r; }
void _start(void) { call(1, 1, (long)"compiled\\n", 9); call(60, 0, 0, 0); }
END
printf '#include <stddef.h>\\n#include <stdarg.h>\\nint f(int n, ...) { va_list v; va_start(v, n); n = va_arg(v, int); va_end(v); return n + (int)sizeof(size_t); }\\n' > b.c`,
    work: '/usr/bin/gcc -O2 -nostdlib -static -o a a.c && ./a && /usr/bin/gcc -O2 -nostdlib -shared -fPIC -flto -Wl,-soname,libb.so.1 -o libb.so b.c && head -c 4 libb.so',
    prints: /compiled[^]*ELF/,
  },
];
