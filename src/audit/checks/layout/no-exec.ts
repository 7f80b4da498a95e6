import { isFalse } from '../../../systemd/boolean.ts';
import { mergeOption } from '../../../systemd/merge-service.ts';
import { objectAt } from '../../../view/object.ts';
import { parent } from '../../../view/path.ts';
import type { Stat } from '../../../view/view.ts';
import { walk } from '../../../view/walk.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import { asProvider, type Extension } from '../../extension.ts';
import type { Provider } from '../../finding.ts';
import type { Merge } from '../../merge.ts';
import { selectShown } from '../../shown-entries.ts';

interface NoExec extends Observation {
  /** Who owns the file: the extension itself or the host. */
  readonly provider: Provider;
}

export const noExec = defineCheck(
  'layout/no-exec',
  {
    title: 'Nothing below /etc can be executed',
    means:
      'systemd-confext mounts the merged /etc, as a whole, with noexec. Either the configuration extension ' +
      'contains an executable file or a library, or the host has executable files there.',
    matters:
      'Scripts of cron.daily, init.d, update-motd.d, if-up.d and other hooks fail with “Permission denied” as long ' +
      'as any configuration extension is merged, including the host’s own scripts; libraries are not loaded.',
    fix:
      'Put programs and libraries into a system extension, below /usr. If hooks in /etc are needed, start the ' +
      'host’s systemd-confext.service with --noexec=no, using a drop-in.',
  },
  ({ merge }) => gathered(find(merge)),
);

const executed = selectShown(({ extension, path, kind, stat }, { view }) =>
  kind === 'file' && isConfext(extension) && (isExecutable(stat) || objectAt(view, path).facts)
    ? { extension, path }
    : undefined,
);

function* find(merge: Merge): Generator<NoExec> {
  const { host, extensions } = merge;
  const first = extensions.find(isConfext);
  if (!first) return;
  if (host && isFalse(mergeOption(host.view, first.rules.service, '--noexec') ?? '')) return;
  for (const { extension, path } of executed(merge))
    yield {
      extension,
      subject: path,
      culprit: parent(path),
      provider: asProvider(extension),
      message: `${path} cannot be executed or loaded: /etc is mounted with noexec`,
      fix: 'Put it into a system extension, below /usr.',
    };
  for (const { path, kind } of host ? walk(host.view, '/etc') : [])
    if (kind === 'file' && isOfHost(path, merge) && isExecutable(host!.view.stat(path)))
      yield {
        extension: first,
        subject: path,
        culprit: 'noexec',
        provider: { kind: 'host' },
        message: `${path} of the host cannot be executed while the extension is merged: /etc is mounted with noexec`,
        fix: 'Start systemd-confext on the host with --noexec=no, if that hook is needed.',
      };
}

function isConfext({ rules }: Extension): boolean {
  return rules.type === 'confext';
}

function isOfHost(path: string, { view, extensionOf }: Merge): boolean {
  return view.kind(path) === 'file' && extensionOf(path) === undefined;
}

function isExecutable({ mode }: Stat): boolean {
  return (mode & 0o111) !== 0;
}
