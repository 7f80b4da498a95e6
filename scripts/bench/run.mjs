import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { alternate, line } from './alternate.mjs';
import { benchFlatwrap } from './flatwrap.mjs';
import { benchAudit } from './audit.mjs';
import { benchFiles } from './files.mjs';
import { benchHosts } from './hosts.mjs';
import { benchNeeds } from './needs.mjs';
import { benchPack } from './pack.mjs';
import { benchSnapshot } from './snapshot.mjs';
import { benchVendor } from './vendor.mjs';
import { walk } from './walk.mjs';

/**
 * `npm run bench -- [--million] [ROOT]`: measures what flix costs, as ratios to commands whose cost everybody knows. Compare only ratios of
 * one run: machines differ, and so does one machine from hour to hour. ROOT defaults to a root of real packages
 * (test/lab/roots.ts). With `--million`, the images with a growing number of files go up to a million, which takes minutes.
 */

const node = process.execPath;
const flix = (...options) => ({ name: `flix ${options[0]}`, command: [node, 'bin/flix.js', ...options] });
/** Compares processor time, which other load on the machine disturbs less. */
const show = (a, b, options) => console.log(line(alternate(a, b, { clock: 'processor', ...options })));

const empty = { name: 'node -e 0', command: [node, '-e', '0'] };
show(flix('--version'), empty, { rounds: 21 });
show({ name: 'flix.mjs --version', command: [node, 'dist/flix.mjs', '--version'] }, empty, { rounds: 21 });

const labRoot = name =>
  execFileSync('npx', ['tsx', 'scripts/lab-root.ts', name], { encoding: 'utf8' }).trim();

const given = process.argv.slice(2).find(argument => argument !== '--million');
const root = given ?? labRoot('media-bookworm');
const dynamic = [];
walk(root, path => dynamic.push(path));
console.log(`\n${root}: ${dynamic.length} dynamic ELF files`);

const tree = { ...flix('tree', '--all', '--root', root), name: 'flix tree --all' };
show(tree, { name: 'a walk that reads them', command: [node, 'scripts/bench/walk.mjs', root] });
if (existsSync('/usr/bin/lddtree')) {
  // run with Debian's own python, which has pyelftools; lddtree takes paths inside the root
  const paths = dynamic.map(path => path.slice(root.length));
  const lddtree = ['/usr/bin/python3', '/usr/bin/lddtree', '-R', root, ...paths];
  show({ name: 'lddtree, one call', command: lddtree }, tree, { rounds: 3 });
} else console.log('lddtree: not compared, the package pax-utils is not installed');

const btop = flix('tree', '--root', labRoot('apps-bookworm'), '/usr/bin/btop');
const one = { ...btop, name: 'flix tree of one program' };
show(one, empty, { rounds: 21 });

benchSnapshot(node, [labRoot('host-trixie'), root]);
benchVendor(node, root);
benchNeeds(node, [
  { name: 'ffmpeg', root, program: '/usr/bin/ffmpeg' },
  { name: 'btop', root: labRoot('apps-bookworm'), program: '/usr/bin/btop' },
]);
benchPack(node, root);
benchFlatwrap(node, labRoot('host-bookworm'));
benchAudit(node, labRoot('apps-bookworm'), labRoot('host-trixie'));
benchHosts(node, labRoot('apps-trixie'), [labRoot('apps-bookworm'), labRoot('host-trixie')]);
benchFiles(node, labRoot('apps-bookworm'), labRoot('host-trixie'), process.argv.includes('--million'));
