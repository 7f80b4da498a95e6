import type { Command } from 'commander';

interface CommandEntry {
  readonly summary: string;
  /** Imported when it is called, and not before: start-up is paid by every call. */
  readonly load: () => Promise<Command>;
}

/** In the order in which a newcomer meets them. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  tree: {
    summary: 'show what a program loads, from where, and why',
    load: async () => (await import('./tree.ts')).treeCommand(),
  },
};
