import { type Created, createdBy, tmpfilesFiles, tmpfilesLines } from '../../../systemd/tmpfiles.ts';
import { follow } from '../../../view/follow.ts';
import { join, normalise, parent, within } from '../../../view/path.ts';
import { memoised } from '../../../view/memo.ts';
import { defineEntryCheck } from '../../check.ts';

/** Directories whose content exists only on a running host, or is created by the program itself. */
const AT_RUN_TIME = ['/dev', '/proc', '/run', '/sys', '/tmp', '/var'];

export const danglingLink = defineEntryCheck(
  'layout/dangling-link',
  {
    title: 'A symbolic link points nowhere',
    means:
      'A symbolic link of the extension points to a file that does not exist in the merged view, or is part of a loop. ' +
      'It is often one half of a pair: /usr/bin/vim points into /etc/alternatives, which a package manager fills and ' +
      'an extension cannot ship.',
    matters: 'The file appears in listings, but opening it fails with “No such file or directory”.',
    fix:
      'Ship the target, or point the link at the real file: “flix vendor” does so for entries that are links and for ' +
      'links of /etc/alternatives. Otherwise leave the link out.',
  },
  ({ extension, path, kind }, { view, host }) => {
    if (kind !== 'link') return undefined;
    const end = follow(view, path);
    if (end.path !== undefined) return undefined;
    const last = end.links.at(-1) ?? path;
    const text = view.readlink(last);
    const target = normalise(text.startsWith('/') ? text : join(parent(last), text));
    const isSysext = extension.rules.type === 'sysext';
    const isJudged = host !== undefined || (isSysext && within('/usr', target));
    if (!isJudged || AT_RUN_TIME.some(directory => within(directory, target))) return undefined;
    if (createdAtBoot(view, '/').has(target)) return undefined;
    return {
      culprit: target,
      /** The text of the link. */
      target: extension.view.readlink(path),
      message:
        end.reason === 'loop'
          ? `${path} is part of a loop of symbolic links`
          : `${path} points to ${target}, which does not exist`,
      fix:
        isSysext && within('/etc/alternatives', target)
          ? 'Make it a relative link to the real file: /etc/alternatives is not merged.'
          : 'Ship the target, or leave the link out.',
    };
  },
);

/** What lines of tmpfiles.d of the host and the extensions create. */
const createdAtBoot = memoised((view, _root): Created =>
  createdBy(
    view,
    tmpfilesFiles(view).flatMap(file => tmpfilesLines(view, file)),
  ),
);
