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
  why: {
    summary: 'show which chain of dependencies brings in a library',
    load: async () => (await import('./why.ts')).whyCommand(),
  },
  vendor: {
    summary: 'make programs self-contained',
    load: async () => (await import('./vendor.ts')).vendorCommand(),
  },
  pack: {
    summary: 'make a systemd-sysext image of a tree',
    load: async () => (await import('./pack.ts')).packCommand(),
  },
  verify: {
    summary: 'compute again what an image says of itself, and name what differs',
    load: async () => (await import('./verify.ts')).verifyCommand(),
  },
  list: {
    summary: 'show what an image holds',
    load: async () => (await import('./list.ts')).listCommand(),
  },
  extract: {
    summary: 'unpack an image',
    load: async () => (await import('./extract.ts')).extractCommand(),
  },
  audit: {
    summary: 'find what an extension leaks, lacks or gets ignored for',
    load: async () => (await import('./audit.ts')).auditCommand(),
  },
  host: {
    summary: 'note what a host is in a small file, and compare hosts',
    load: async () => (await import('./host.ts')).hostCommand(),
  },
  doctor: {
    summary: 'say which tools are there, and what to install',
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
};
