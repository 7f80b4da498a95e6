import type { Remark } from '../../manifest/manifest.ts';
import { unitLinks } from '../../systemd/unit-files.ts';
import { follow } from '../../view/follow.ts';
import { basename, parent } from '../../view/path.ts';
import type { View } from '../../view/view.ts';
import type { PlannedFile } from '../plan.ts';
import { targetOf } from '../target.ts';
import { accountLines, unitAt } from './accounts.ts';
import { stateFile, type StateLine, stateTexts, unitWord } from './state.ts';

const UNITS = '/usr/lib/systemd/system';

/** What the packages of an extension contain for systemd. */
export interface ActivationInput {
  readonly view: View;
  /** The name of the extension. */
  readonly name: string;
  /** The private directory, with the loader that starts the programs. */
  readonly prefix: string;
  /** The paths of the packages in /usr and /opt, as they lie in the root. */
  readonly paths: readonly string[];
  readonly state: readonly StateLine[];
  /** Texts that may name accounts: maintainer scripts and files of /etc. */
  readonly texts: readonly string[];
}

export interface Activation {
  readonly files: readonly PlannedFile[];
  /** Whether systemd has to read its units again after the merge. */
  readonly reload: boolean;
  /** Whether a file of the extension creates the accounts that scripts of the packages create. */
  readonly hasAccounts: boolean;
  readonly remarks: readonly Remark[];
}

/**
 * Makes what an installation does once work on a host that merges the extension at each boot. systemd-sysusers runs
 * before the merge, and systemd-tmpfiles skips lines with accounts that do not exist yet, so that a unit of the extension
 * runs both after the merge. Links in /etc to the units that the root enables would be read before the merge. Instead, the
 * unit with such a link upholds a target of the extension, which wants them: if it upheld them itself, systemd would start
 * again and again those that fail, end, or do not meet their conditions.
 */
export function activate({ view, name, prefix, paths, state, texts }: ActivationInput): Activation {
  const inTree = new Map(paths.map(path => [targetOf(path) ?? path, path]));
  const here = (directory: string, suffix: string) =>
    [...inTree.keys()].filter(path => parent(path) === directory && path.endsWith(suffix)).sort();
  const units = here(UNITS, '').filter(path => /\.(?:service|socket|timer|path|mount|target)$/.test(path));
  const enabled = enabledUnits(view, new Set(units.map(basename)), inTree);
  const sysusers = here('/usr/lib/sysusers.d', '.conf');
  const tmpfiles = here('/usr/lib/tmpfiles.d', '.conf');
  const accounts = accountLines(view, {
    units: units.map(path => inTree.get(path)!),
    tmpfiles: tmpfiles.map(path => inTree.get(path)!),
    sysusers: sysusers.map(path => inTree.get(path)!),
    state,
    texts,
  });
  const files: PlannedFile[] = state.flatMap(({ file }) => file ?? []);
  const write = (target: string, lines: readonly string[], why: string) =>
    files.push({
      target,
      role: 'metadata',
      content: { kind: 'text', text: `${lines.join('\n')}\n` },
      why,
    });
  const own = `flix-${unitWord(name)}`;
  if (accounts.length > 0) {
    sysusers.push(`/usr/lib/sysusers.d/${own}.conf`);
    write(sysusers.at(-1)!, accounts, 'the accounts that the installation of the packages creates');
  }
  if (state.length > 0) {
    tmpfiles.push(stateFile(name));
    write(tmpfiles.at(-1)!, stateTexts(state), 'the files of the packages in /etc and /var');
  }
  const commands = [
    ...(sysusers.length > 0 ? [`systemd-sysusers ${sysusers.map(basename).join(' ')}`] : []),
    // its status is not that of the service: one line of many may fail
    ...(tmpfiles.length > 0 ? [`-systemd-tmpfiles --create ${tmpfiles.map(basename).join(' ')}`] : []),
    ...READERS.flatMap(({ places, command }) =>
      [...inTree.keys()].some(path => places.includes(parent(path))) ? [`-${command}`] : [],
    ),
  ];
  const setsUp = commands.length > 0 && (units.length > 0 || sysusers.length > 0);
  const startedBy = new Map(enabled.map(({ from }) => [from, [] as string[]]));
  for (const { from, to } of enabled) if (!startedBy.get(from)!.includes(to)) startedBy.get(from)!.push(to);
  if (setsUp) {
    const setup = `${own}-setup.service`;
    const main = 'multi-user.target';
    startedBy.set(main, [setup, ...(startedBy.get(main) ?? [])]);
    write(`${UNITS}/${setup}`, setupUnit(name, commands), 'creates accounts and files after the merge');
  }
  for (const unit of units) {
    const waits =
      setsUp && /\.(?:service|socket)$/.test(unit)
        ? [`Wants=${own}-setup.service`, `After=${own}-setup.service`]
        : [];
    const wants = (startedBy.get(basename(unit)) ?? []).map(to => `Wants=${to}`);
    const isConfined = unitAt(view, inTree.get(unit)!).settings.some(({ key }) => key === 'NoExecPaths');
    const lines = [
      ...(waits.length + wants.length > 0 ? ['[Unit]', ...waits, ...wants] : []),
      ...(isConfined ? ['[Service]', `ExecPaths=${prefix}`] : []),
    ];
    if (lines.length > 0)
      write(
        `${unit}.d/10-${own}.conf`,
        lines,
        wants.length > 0
          ? 'starts other units of the extension with this one'
          : 'lets the unit wait for its accounts and files, and start',
      );
  }
  for (const [from, names] of startedBy) {
    if (units.some(path => basename(path) === from)) continue;
    const target = `${own}-${from.replace(/\.target$/, '')}.target`;
    write(`${UNITS}/${target}`, startTarget(name, names), 'starts the units after the merge');
    write(
      `${UNITS}/${from}.d/10-${own}.conf`,
      ['[Unit]', `Upholds=${target}`],
      'starts the units after the merge',
    );
  }
  for (const { alias, to } of aliases(view, new Set(units.map(basename))))
    if (!inTree.has(`${UNITS}/${alias}`))
      files.push({
        target: `${UNITS}/${alias}`,
        role: 'metadata',
        content: { kind: 'link', to },
        why: 'another name of the unit, which the root gives it',
      });
  return {
    files,
    reload: startedBy.size > 0,
    hasAccounts: sysusers.length > 0,
    remarks: unitRemarks(view, units, enabled, inTree),
  };
}

/** Daemons that have read their files before the merge, and the command that makes them read new ones. */
const READERS: readonly { readonly places: readonly string[]; readonly command: string }[] = [
  { places: ['/usr/lib/udev/rules.d'], command: 'udevadm trigger' },
  { places: ['/usr/lib/udev/hwdb.d'], command: 'systemd-hwdb update' },
  {
    places: ['/usr/share/dbus-1/system.d', '/usr/share/dbus-1/system-services'],
    command: 'busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig',
  },
  { places: ['/usr/lib/sysctl.d'], command: '/usr/lib/systemd/systemd-sysctl' },
  { places: ['/usr/lib/binfmt.d'], command: '/usr/lib/systemd/systemd-binfmt' },
];

function setupUnit(name: string, commands: readonly string[]): string[] {
  return [
    '[Unit]',
    `Description=Accounts and files of ${name.replaceAll('%', '%%')}`,
    'DefaultDependencies=no',
    'After=systemd-sysext.service systemd-sysusers.service systemd-tmpfiles-setup.service',
    'Conflicts=shutdown.target',
    'Before=shutdown.target',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    ...commands.map(command => `ExecStart=${command}`),
  ];
}

/** Without default dependencies, a target is not ordered after what it wants, which may be ordered after the upholding one. */
function startTarget(name: string, names: readonly string[]): string[] {
  return [
    '[Unit]',
    `Description=Start of the units of ${name.replaceAll('%', '%%')}`,
    'DefaultDependencies=no',
    'Conflicts=shutdown.target',
    'Before=shutdown.target',
    ...names.map(to => `Wants=${to}`),
  ];
}

/** The units that the root enables, or that a link of their package starts. */
function enabledUnits(
  view: View,
  units: ReadonlySet<string>,
  inTree: ReadonlyMap<string, string>,
): { readonly from: string; readonly to: string }[] {
  return unitLinks(view)
    .filter(({ path, to }) => {
      const isOurs = units.has(to) || units.has(to.replace(/@.+\./, '@.'));
      return isOurs && (path.startsWith('/etc/') || inTree.has(path));
    })
    .filter(({ from, to }) => /^[\w@.:\\-]+$/.test(from) && /^[\w@.:\\-]+$/.test(to))
    .map(({ from, to }) => ({ from, to }))
    .sort((a, b) => (a.from + a.to < b.from + b.to ? -1 : 1));
}

/** The further names that links in /etc give to units (`Alias=` of systemd.unit(5)). */
function aliases(view: View, units: ReadonlySet<string>): { readonly alias: string; readonly to: string }[] {
  const place = '/etc/systemd/system';
  return [...view.list(place)].flatMap(([alias, kind]) => {
    const target = kind === 'link' ? follow(view, `${place}/${alias}`).path : undefined;
    const to = target === undefined ? '' : basename(target);
    return units.has(to) && to !== alias ? [{ alias, to }] : [];
  });
}

/** Names the units that the activation starts, and those that it leaves although somebody may enable them. */
function unitRemarks(
  view: View,
  units: readonly string[],
  enabled: readonly { readonly from: string; readonly to: string }[],
  inTree: ReadonlyMap<string, string>,
): Remark[] {
  const started = new Map<string, string[]>();
  const left: string[] = [];
  for (const path of units) {
    const unit = basename(path);
    const from = [...new Set(enabled.flatMap(link => (link.to === unit ? [link.from] : [])))].join(', ');
    if (from !== '') {
      started.set(from, [...(started.get(from) ?? []), path]);
      continue;
    }
    const isInstallable = unitAt(view, inTree.get(path)!).settings.some(
      ({ section, key }) => section === 'Install' && key !== 'Alias',
    );
    const stem = unit.replace(/\.service$/, '');
    const isActivated = enabled.some(({ to }) =>
      ['socket', 'timer', 'path'].some(type => to === `${stem}.${type}`),
    );
    if (isInstallable && !isActivated) left.push(path);
  }
  return [
    ...[...started].map(([from, paths]) =>
      paths.length === 1
        ? unitRemark(paths[0]!, `starts after the merge with ${from}, because the root enables it`)
        : unitRemark(
            UNITS,
            `${listed(paths)} start after the merge with ${from}, because the root enables them`,
          ),
    ),
    ...(left.length === 1
      ? [
          unitRemark(
            left[0]!,
            'does not start by itself, because the root does not enable it. Start it by hand, or enable it in the root and run flix again.',
            left,
          ),
        ]
      : []),
    ...(left.length > 1
      ? [
          unitRemark(
            UNITS,
            `${listed(left)} do not start by themselves, because the root does not enable them. Start them by hand, or enable them in the root and run flix again.`,
            left,
          ),
        ]
      : []),
  ];
}

/** @param left the units that the root does not enable */
function unitRemark(file: string, message: string, left?: readonly string[]): Remark {
  return { code: 'package-unit', file, message, ...(left && { disabled: left.map(path => basename(path)) }) };
}

const SHOWN_UNITS = 3;

function listed(paths: readonly string[]): string {
  const names = paths.map(basename);
  const [shown, more] = [names.slice(0, SHOWN_UNITS), names.length - SHOWN_UNITS];
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
