import fs from 'node:fs';
import { FlixError } from '../../src/errors.ts';
import { queryRpm } from '../../src/io/rpm.ts';

// FILE: prints what rpm answers about a database of that file, or why it does not
const content = fs.readFileSync(process.argv[2]!);
try {
  const read = (offset: number, length: number) => content.subarray(offset, offset + length);
  process.stdout.write(await queryRpm([{ name: 'rpmdb.sqlite', size: content.length, read }], '%{NAME}'));
} catch (error) {
  if (!(error instanceof FlixError)) throw error;
  process.stdout.write(error.message);
}
