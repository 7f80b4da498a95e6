import type { Command } from 'commander';

interface CommandEntry {
  readonly summary: string;
  /** Imports the command when it is called, so that no other command pays for it. */
  readonly load: () => Promise<Command>;
}

/** All commands, in the order in which a newcomer meets them. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  tree: {
    summary: 'show what a program loads, from where, and why',
    load: async () => (await import('./tree.ts')).treeCommand(),
  },
  why: {
    summary: 'show which chains of dependencies bring in a library',
    load: async () => (await import('./why.ts')).whyCommand(),
  },
  vendor: {
    summary: 'make programs self-contained',
    load: async () => (await import('./vendor.ts')).vendorCommand(),
  },
  pack: {
    summary: 'make a system extension image of a tree',
    load: async () => (await import('./pack.ts')).packCommand(),
  },
  verify: {
    summary: 'check an image against everything that describes it',
    load: async () => (await import('./verify.ts')).verifyCommand(),
  },
  list: {
    summary: 'list the contents of an image',
    load: async () => (await import('./list.ts')).listCommand(),
  },
  extract: {
    summary: 'unpack an image',
    load: async () => (await import('./extract.ts')).extractCommand(),
  },
  audit: {
    summary: 'find what would go wrong with extensions on a host',
    load: async () => (await import('./audit.ts')).auditCommand(),
  },
  host: {
    summary: 'record a host in a small profile, and compare hosts',
    load: async () => (await import('./host.ts')).hostCommand(),
  },
  doctor: {
    summary: 'show which tools are installed and which are missing',
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
};
