import type { Row } from '../row.ts';

const packages = (...names: string[]) => names.flatMap(name => ['--package', name]);

/** Programs that get rights from their file: a setuid bit or capabilities. An ordinary user runs them. */
export const setuid: readonly Row[] = [
  {
    name: 'ping',
    install: ['iputils-ping'],
    vendor: packages('iputils-ping'),
    uid: 1000,
    work: '/usr/bin/ping -c 2 -i 0.2 localhost',
    prints: /2 received/,
  },
  {
    name: 'fping',
    install: ['fping'],
    vendor: packages('fping'),
    work: '/usr/bin/fping -c 2 127.0.0.1',
    prints: /2\/2\/0%/,
  },
  {
    name: 'fping as a user',
    install: ['fping'],
    vendor: packages('fping'),
    uid: 1000,
    work: '/usr/bin/fping -c 2 127.0.0.1',
    prints: /2\/2\/0%/,
  },
  {
    name: 'sudo as a user',
    install: ['sudo'],
    vendor: packages('sudo'),
    uid: 1000,
    files: { '/etc/sudoers.d/work': '#1000 ALL=(ALL) NOPASSWD: ALL\n' },
    work: '/usr/bin/sudo -n id',
    prints: /uid=0\(root\)/,
  },
];
