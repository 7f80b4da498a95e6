import { isRootName, labRoot, rootSets } from '../test/lab/roots.ts';

/** `tsx scripts/lab-root.ts NAME` prints the directory of a root of real packages, and makes the root if necessary. */
async function main(name: string): Promise<void> {
  if (!isRootName(name)) throw new Error(`usage: lab-root ${Object.keys(rootSets).join('|')}`);
  process.stdout.write(`${await labRoot(name)}\n`);
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
