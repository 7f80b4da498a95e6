import { follow } from '../../../view/follow.ts';
import { join, normalise, parent, within } from '../../../view/path.ts';
import type { Check } from '../../check.ts';
import { gathered } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import type { Merge } from '../../merge.ts';
import { shownEntries } from '../../shown-entries.ts';

export interface DanglingLink extends FindingBase {
  readonly kind: 'layout/dangling-link';
  /** The text of the link. */
  readonly target: string;
}

/** What is there on a running host only, or made by the program itself. */
const AT_RUN_TIME = ['/dev', '/proc', '/run', '/sys', '/tmp', '/var'];

export const danglingLink: Check<DanglingLink> = {
  kind: 'layout/dangling-link',
  page: {
    title: 'A link leads nowhere',
    means:
      'A symbolic link of the extension leads to nothing in the merged view, or in a circle. Often it is half of a ' +
      'pair: /usr/bin/vim leads into /etc/alternatives, which a package manager fills and an extension cannot bring.',
    matters: 'Whoever opens it gets “No such file or directory”, and the file seems to be there.',
    fix:
      'Bring what it leads to, or make it lead to the real file: “flix vendor” does so for entries named by a link ' +
      'and for those of /etc/alternatives. Or leave the link out.',
  },
  find: ({ merge }) => gathered(find(merge)),
};

function* find(merge: Merge): Generator<DanglingLink> {
  for (const { extension, path, kind } of shownEntries(merge)) {
    if (kind !== 'link') continue;
    const end = follow(merge.view, path);
    if (end.path !== undefined) continue;
    const last = end.links.at(-1) ?? path;
    const target = merge.view.readlink(last);
    const meant = normalise(target.startsWith('/') ? target : join(parent(last), target));
    const { type } = extension.rules;
    const isJudged = merge.host !== undefined || (type === 'sysext' && within('/usr', meant));
    if (!isJudged || AT_RUN_TIME.some(place => within(place, meant))) continue;
    yield {
      kind: 'layout/dangling-link',
      severity: 'warning',
      extension: extension.name,
      subject: path,
      alsoIn: [],
      chain: [],
      culprit: meant,
      target: extension.view.readlink(path),
      message:
        end.reason === 'loop'
          ? `${path} is a link that leads in a circle`
          : `${path} leads to ${meant}, which is not there`,
      fix:
        type === 'sysext' && within('/etc/alternatives', meant)
          ? 'make it a relative link to the real file: /etc/alternatives is not merged'
          : 'bring what it leads to, or leave it out',
    };
  }
}
