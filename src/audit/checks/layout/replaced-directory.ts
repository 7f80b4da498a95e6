import { follow } from '../../../view/follow.ts';
import { within } from '../../../view/path.ts';
import { type ChangedPath, selectChanged } from '../../changed-paths.ts';
import { defineCheck, type Observation } from '../../check.ts';
import type { Host, Merge } from '../../merge.ts';

export const replacedDirectory = defineCheck(
  'layout/replaced-directory',
  {
    title: 'A directory of the host is replaced',
    means:
      'The extension has a directory where the host has a link (or a file), or a link or file where the host has a ' +
      'directory. Directories merge only with directories; anything else hides the lower entry with everything in ' +
      'it.',
    matters:
      'A directory /usr/sbin over the link “sbin -> bin” leaves none of the host’s programs below that path; ' +
      '/usr/lib64 contains the loader of every program; on ostree systems /usr/local is a link into /var.',
    fix:
      'Put the files where the host’s link points, or choose another directory, such as “flix vendor --prefix ' +
      '/usr/lib/NAME” instead of /usr/local. Leave a link out of the tree if hosts have a directory there.',
  },
  function* ({ merge }) {
    if (!merge.host) return;
    for (const change of replaced(merge)) yield finding(change, merge.host, merge);
  },
);

const replaced = selectChanged(change => (isReplaced(change) ? change : undefined));

function isReplaced({ kind, before }: ChangedPath): boolean {
  if (kind === undefined || before === undefined) return false;
  return kind !== before && (kind === 'directory' || before === 'directory');
}

function finding(
  { path, kind, before, extension }: ChangedPath,
  { view }: Host,
  { providerOf }: Merge,
): Observation {
  const target = before === 'link' ? follow(view, path).path : undefined;
  const hidden = before === 'directory' ? view.list(path).size : 0;
  const isLocal = within('/usr/local', path);
  return {
    severity: before === 'directory' && hidden === 0 ? 'warning' : 'error',
    extension,
    subject: path,
    chain: [{ name: path, path, provider: providerOf(path), origin: null }],
    message:
      before === 'directory'
        ? `${path} is a ${kind} and hides a directory of the host with ${hidden} ${hidden === 1 ? 'entry' : 'entries'}`
        : `${path} is a directory and replaces a ${before}${target === undefined ? '' : ` to ${target}`} of the host`,
    fix:
      target === undefined
        ? `Leave ${path} out, or rename it.`
        : `Put its files into ${target}${isLocal ? ', or vendor with another --prefix, such as /usr/lib/NAME' : ''}.`,
  };
}
