import type { Command } from 'commander';

interface CommandEntry {
  /** What a user wants to do who needs it: a heading of the help. */
  readonly purpose: string;
  readonly summary: string;
  /** Imports the command when it is called, so that no other command pays for it. */
  readonly load: () => Promise<Command>;
}

/** All commands, in the order in which a newcomer meets them. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  init: {
    purpose: 'Make extensions',
    summary: 'write a first recipe for a package or program',
    load: async () => (await import('./init.ts')).initCommand(),
  },
  build: {
    purpose: 'Make extensions',
    summary: 'stage, vendor, pack, audit and test what recipes describe',
    load: async () => (await import('./build.ts')).buildCommand(),
  },
  'list-versions': {
    purpose: 'Make extensions',
    summary: 'show which versions of its packages a recipe can choose',
    load: async () => (await import('./list-versions.ts')).listVersionsCommand(),
  },
  stage: {
    purpose: 'Make extensions',
    summary: 'make a root from packages, a container image or an archive',
    load: async () => (await import('./stage.ts')).stageCommand(),
  },
  vendor: {
    purpose: 'Make extensions',
    summary: 'make programs self-contained',
    load: async () => (await import('./vendor.ts')).vendorCommand(),
  },
  pack: {
    purpose: 'Make extensions',
    summary: 'make a system extension image of a tree',
    load: async () => (await import('./pack.ts')).packCommand(),
  },
  tree: {
    purpose: 'Understand programs',
    summary: 'show what a program loads, from where, and why',
    load: async () => (await import('./tree.ts')).treeCommand(),
  },
  why: {
    purpose: 'Understand programs',
    summary: 'show which chains of dependencies bring in a library',
    load: async () => (await import('./why.ts')).whyCommand(),
  },
  needs: {
    purpose: 'Understand programs',
    summary: 'show what programs need at run time beyond their libraries',
    load: async () => (await import('./needs.ts')).needsCommand(),
  },
  trace: {
    purpose: 'Understand programs',
    summary: 'run a command in a root, and show which files vendor would not bring',
    load: async () => (await import('./trace.ts')).traceCommand(),
  },
  verify: {
    purpose: 'Inspect images',
    summary: 'check an image against everything that describes it',
    load: async () => (await import('./verify.ts')).verifyCommand(),
  },
  list: {
    purpose: 'Inspect images',
    summary: 'list the contents of an image',
    load: async () => (await import('./list.ts')).listCommand(),
  },
  extract: {
    purpose: 'Inspect images',
    summary: 'unpack an image',
    load: async () => (await import('./extract.ts')).extractCommand(),
  },
  outdated: {
    purpose: 'Inspect images',
    summary: 'show which packages in extensions have newer versions',
    load: async () => (await import('./outdated.ts')).outdatedCommand(),
  },
  audit: {
    purpose: 'Check hosts',
    summary: 'find what would go wrong with extensions on a host',
    load: async () => (await import('./audit.ts')).auditCommand(),
  },
  host: {
    purpose: 'Check hosts',
    summary: 'record a host in a small profile, and compare hosts',
    load: async () => (await import('./host.ts')).hostCommand(),
  },
  try: {
    purpose: 'Check hosts',
    summary: 'run a command with extensions merged, and show what it missed',
    load: async () => (await import('./try.ts')).tryCommand(),
  },
  doctor: {
    purpose: 'Check this machine',
    summary: 'show which tools are installed and which are missing',
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
};
