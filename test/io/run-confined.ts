import { runConfined, runConfinedEach } from '../../src/io/confine.ts';

// DIRECTORY COMMAND ARGUMENT...: prints what the command prints, confined by itself and several times in one confinement
const [directory, ...command] = process.argv.slice(2) as [string, ...string[]];
const last = command.at(-1)!;
const results = [
  await runConfined(directory, command, {}),
  ...(await runConfinedEach(directory, command.slice(0, -1), [last, last])),
];
for (const { stdout, stderr } of results) process.stdout.write(stdout + stderr);
