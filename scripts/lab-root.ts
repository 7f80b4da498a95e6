import { isRootName, labRoot, rootSets } from '../test/lab/roots.ts';

/** `tsx scripts/lab-root.ts NAME`: prints the directory of a root of real packages; made if it is not there. */
const name = process.argv[2] ?? '';
if (isRootName(name)) process.stdout.write(`${await labRoot(name)}\n`);
else {
  process.stderr.write(`usage: lab-root ${Object.keys(rootSets).join('|')}\n`);
  process.exitCode = 2;
}
