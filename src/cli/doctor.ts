import type { Command } from 'commander';
import { probeAbilities } from '../io/abilities.ts';
import { probeTools } from '../io/probe.ts';
import { type Diagnosis, doctorDocument, doctorText, lacksRequired } from '../report/doctor.ts';
import { directoryView } from '../view/directory.ts';
import { readOsRelease } from '../view/os-release.ts';
import { createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { jsonText, showsColour, writeResult } from './output.ts';

export function doctorCommand(): Command {
  return createCommand('doctor')
    .description(
      'Shows which system tools are installed, which versions have known faults, and what to install.',
    )
    .option('--json', 'print one JSON document')
    .action(async ({ json }: { readonly json?: true }) => {
      const diagnosis = await diagnose();
      writeResult(json ? jsonText(doctorDocument(diagnosis)) : doctorText(diagnosis, showsColour()));
      process.exitCode = lacksRequired(diagnosis) ? EXIT.missing : EXIT.done;
    });
}

async function diagnose(): Promise<Diagnosis> {
  const [statuses, abilities] = await Promise.all([probeTools(), probeAbilities()]);
  const release = readOsRelease(directoryView('/'));
  return {
    tools: statuses.map(({ tool, found, version = null, tooOld, traps }) => {
      const { name, purpose, requiredBy, floor = null, packages } = tool;
      return { name, purpose, requiredBy, found, version, floor, tooOld, traps, packages };
    }),
    abilities,
    distribution: [release?.get('ID') ?? '', ...(release?.get('ID_LIKE') ?? '').split(' ')],
  };
}
