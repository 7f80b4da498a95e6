import { runConfined } from '../../src/io/confine.ts';

// DIRECTORY COMMAND ARGUMENT...: prints what the confined command prints
const [directory, ...command] = process.argv.slice(2) as [string, ...string[]];
const { stdout, stderr } = await runConfined(directory, command, {});
process.stdout.write(stdout + stderr);
