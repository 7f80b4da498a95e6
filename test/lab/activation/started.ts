import { active, type ActivationCase, type Files, link, service, unit, upheld } from './case.ts';

/** Cases about what starts at boot and what does not. */

type Maker = (name: string, files?: Files, works?: string) => ActivationCase;

const wanted: Maker = (name, files, works = active(`${name}.service`)) => ({
  kind: 'late-wants',
  name,
  files: { ...service(name), ...files },
  works,
});

const installed: Maker = (name, files, works = active(`${name}.service`)) => ({
  kind: 'never-started',
  name,
  files: { ...service(name, '[Install]', 'WantedBy=multi-user.target'), ...files },
  works,
});

export const started: readonly ActivationCase[] = [
  wanted('wants-link', link('multi-user.target', 'wants', 'wants-link.service')),
  wanted('wants-timers', link('timers.target', 'wants', 'wants-timers.service')),
  wanted('requires-link', link('multi-user.target', 'requires', 'requires-link.service')),
  wanted('wants-drop-in', unit('multi-user.target.d/wants.conf', '[Unit]', 'Wants=wants-drop-in.service')),
  wanted('wants-service', link('systemd-user-sessions.service', 'wants', 'wants-service.service')),
  wanted('wants-upheld', {
    ...link('multi-user.target', 'wants', 'wants-upheld.service'),
    ...upheld('wants-upheld.service'),
  }),
  wanted('wants-upheld-elsewhere', {
    ...link('multi-user.target', 'wants', 'wants-upheld-elsewhere.service'),
    ...upheld('wants-upheld-elsewhere.service', 'sound.target'),
  }),
  wanted('upholds-link', link('multi-user.target', 'upholds', 'upholds-link.service')),
  wanted('wants-own', {
    ...unit('wants-own.target', '[Unit]'),
    ...upheld('wants-own.target'),
    ...link('wants-own.target', 'wants', 'wants-own.service'),
  }),
  wanted(
    'wants-later',
    link('usb-gadget.target', 'wants', 'wants-later.service'),
    `systemctl start usb-gadget.target; ${active('wants-later.service')}`,
  ),
  wanted(
    'wants-running',
    unit('multi-user.target.d/running.conf', '[Unit]', 'Wants=systemd-user-sessions.service'),
    active('systemd-user-sessions.service'),
  ),

  installed('install'),
  installed('install-enabled'),
  installed('install-upheld', upheld('install-upheld.service')),
  installed('install-pulled', {
    ...service('install-puller', '[Unit]', 'Wants=install-pulled.service'),
    ...upheld('install-puller.service'),
  }),
  installed('install-timer', {
    ...unit('install-timer.timer', '[Timer]', 'OnActiveSec=0', 'AccuracySec=1ms'),
    ...upheld('install-timer.timer'),
  }),
  installed(
    'install-later',
    upheld('install-later.service', 'printer.target'),
    `systemctl start printer.target; sh /mnt/settle; ${active('install-later.service')}`,
  ),
];

const quiet = (name: string, release: string): ActivationCase => ({
  kind: 'no-reload',
  name,
  files: { ...service(name), ...upheld(`${name}.service`) },
  release,
  works: active(`${name}.service`),
});

const RESTARTS = 'ID=_any\nEXTENSION_RESTART_UNITS=restarts.service\n';

/** Cases for a boot in which another extension, or the host, makes systemd reload. */
export const reloaded: readonly ActivationCase[] = [quiet('among-others', 'ID=_any\n')];

/**
 * Cases for a boot in which no other extension does. `EXTENSION_RELOAD_MANAGER=` needs systemd 255, the other field
 * 261.
 */
export const unloaded: readonly ActivationCase[] = [
  quiet('quiet', 'ID=_any\n'),
  quiet('restarts', RESTARTS),
  {
    kind: 'no-reload',
    name: 'without-units',
    files: { '/usr/share/without-units/quiet.service': { text: '[Unit]\n' } },
    release: 'ID=_any\n',
    works: '[ -e /usr/share/without-units ]',
  },
];
export const loud: readonly ActivationCase[] = [quiet('loud', 'ID=_any\nEXTENSION_RELOAD_MANAGER=1\n')];
