/**
 * `npm run compare -- COMMIT`: builds flix of that commit and of this checkout, runs both on the lab's roots, and prints
 * every difference between their trees, images, JSON documents and findings. Texts that only people read (messages,
 * fixes, reasons) are counted, not printed. Needs root and roots that `npm test` has made.
 */
import { createHash } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const lab = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'flix-lab');
const work = mkdtempSync(path.join(os.tmpdir(), 'flix-compare-'));
const here = process.cwd();
const commit = process.argv[2];
if (commit === undefined) throw new Error('usage: npm run compare -- COMMIT');

/** Members that are sentences for people. */
const SENTENCES = new Set([
  'message',
  'fix',
  'remedy',
  'because',
  'why',
  'admits',
  'title',
  'means',
  'matters',
  'mend',
  'text',
  'markdown',
  'purpose',
  'note',
  'notRun',
  'doing',
  'hint',
  'shortDescription',
  'fullDescription',
  'help',
]);

/** Programs of the lab's roots, and how each is vendored. `OUT` is the directory of the run. */
const cases = [];
const add = (name, ...args) => cases.push({ name, args });
const roots = readdirSync(lab).filter(name => /^(apps|media|host|arm64|s390x|split)-\w+$/.test(name));
const rootOf = name => path.join(lab, name);
for (const root of roots) add(`tree --all ${root}`, 'tree', '--root', rootOf(root), '--all', '--json');
const programs = {
  'apps-bookworm': [
    'tilde',
    'btop',
    'nginx',
    'curl',
    'vim.basic',
    'git',
    'python3.11',
    'mc',
    'less',
    'file',
    'xz',
  ],
  'apps-trixie': ['btop', 'nginx', 'curl', 'vim.basic', 'git', 'python3.13', 'mc', 'less', 'file', 'xz'],
  'media-bookworm': ['ffmpeg'],
  'arm64-trixie': ['btop', 'curl'],
};
const find = (root, program) =>
  ['/usr/bin', '/usr/sbin']
    .map(directory => `${directory}/${program}`)
    .find(file => existsSync(rootOf(root) + file));
const vendored = [];
for (const [root, names] of Object.entries(programs))
  for (const program of roots.includes(root) ? names : []) {
    const file = find(root, program);
    if (file === undefined) continue;
    add(`why ${root} ${program}`, 'why', '--root', rootOf(root), 'libc.so.6', file, '--json');
    for (const mode of ['flix', 'flatwrap']) {
      const out = `OUT/${root}-${program}-${mode}`;
      const trim = mode === 'flatwrap' ? ['--trim'] : [];
      const name = program.replace(/\W/g, '-');
      add(
        `vendor ${mode} ${root} ${program}`,
        'vendor',
        rootOf(root),
        file,
        '--mode',
        mode,
        ...trim,
        '--name',
        name,
        '--out',
        out,
        '--json',
      );
      vendored.push({ root, out, mode, name });
    }
    add(
      `vendor --seal none ${root} ${program}`,
      'vendor',
      rootOf(root),
      file,
      '--seal',
      'none',
      '--name',
      'bare',
      '--out',
      `OUT/${root}-${program}-bare`,
      '--json',
    );
  }
for (const { out } of vendored) {
  for (const host of ['host-bookworm', 'host-trixie'])
    if (roots.includes(host))
      add(`audit ${out} over ${host}`, 'audit', out, '--host', rootOf(host), '--json');
  add(`audit ${out} alone, sarif`, 'audit', out, '--format', 'sarif');
}
const [first] = vendored;
for (const format of ['ddi', 'erofs', 'squashfs', 'ext4', 'directory', 'tar'])
  for (const { out, name } of vendored
    .filter(({ root, mode }) => root === 'apps-bookworm' && mode === 'flix')
    .slice(0, 2)) {
    const image = `OUT/images/${name}.${format}/${name}.raw`;
    add(`pack ${format} ${out}`, 'pack', out, '--format', format, '-o', image);
    if (format === 'directory' || format === 'tar') continue;
    for (const command of ['verify', 'list']) add(`${command} ${image}`, command, image, '--json');
    add(`audit ${image}`, 'audit', image, '--host', rootOf('host-trixie'), '--json');
    add(`extract ${image}`, 'extract', image, '-o', `OUT/extracted-${name}-${format}`);
  }
for (const host of ['host-bookworm', 'host-trixie']) {
  if (!roots.includes(host)) continue;
  add(`host snapshot ${host}`, 'host', 'snapshot', '--root', rootOf(host), '-o', `OUT/${host}.profile`);
  add(
    `audit ${first.out} over the profile of ${host}`,
    'audit',
    first.out,
    '--host',
    `OUT/${host}.profile`,
    '--json',
  );
}
add('host diff', 'host', 'diff', 'OUT/host-bookworm.profile', 'OUT/host-trixie.profile', '--json');
add(
  'update gate',
  'audit',
  first.out,
  '--host',
  rootOf('host-bookworm'),
  '--next',
  rootOf('host-trixie'),
  '--json',
);

function build(directory) {
  execFileSync('node', ['scripts/build.mjs'], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  return path.join(directory, 'bin/flix.js');
}

function run(flix, out) {
  mkdirSync(out, { recursive: true });
  mkdirSync(path.join(out, 'images'), { recursive: true });
  return cases.map(({ args }) => {
    const real = args.map(arg => arg.replace('OUT', out));
    for (const arg of real)
      if (arg.startsWith(`${out}/images/`)) mkdirSync(path.dirname(arg), { recursive: true });
    const { status, stdout, stderr } = spawnSync('node', [flix, ...real], {
      encoding: 'utf8',
      cwd: out,
      maxBuffer: 1 << 30,
    });
    const masked = text => text.replaceAll(out, 'OUT');
    return { status, stdout: masked(stdout), stderr: masked(stderr) };
  });
}

/** Every path below a directory with what is there. */
function snapshot(directory, below = '', found = new Map()) {
  for (const name of readdirSync(path.join(directory, below)).sort()) {
    const relative = path.join(below, name);
    const absolute = path.join(directory, relative);
    const stat = lstatSync(absolute);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isDirectory()) {
      found.set(relative, `directory ${mode}`);
      snapshot(directory, relative, found);
    } else if (stat.isSymbolicLink()) found.set(relative, `link ${readlinkSync(absolute)}`);
    else if (stat.isFile())
      found.set(relative, `file ${mode} ${stat.mtimeMs === 0 ? 'epoch ' : ''}${digest(absolute)}`);
    else found.set(relative, 'other');
  }
  return found;
}
function digest(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

let reworded = 0;
const lines = new Map();
function report(what, text) {
  const known = lines.get(text);
  if (known) known.push(what);
  else lines.set(text, [what]);
}
function compareValues(a, b, at, what) {
  if (JSON.stringify(a) === JSON.stringify(b)) return;
  const isObject = value => typeof value === 'object' && value !== null;
  if (!isObject(a) || !isObject(b)) {
    const member = at.split('.').at(-1).replace(/\[\]$/, '');
    if (typeof a === 'string' && typeof b === 'string' && SENTENCES.has(member)) reworded++;
    else report(what, `${at}: ${short(a)} -> ${short(b)}`);
    return;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) report(what, `${at}: ${a.length} -> ${b.length} elements`);
    else a.forEach((value, i) => compareValues(value, b[i], `${at}[]`, what));
    return;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (!(key in b)) report(what, `${at}.${key} is gone`);
    else if (!(key in a)) report(what, `${at}.${key} is new`);
    else compareValues(a[key], b[key], `${at}.${key}`, what);
  }
}
function short(value) {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const old = path.join(work, 'old');
try {
  execFileSync('git', ['worktree', 'add', '--detach', old, commit], { stdio: 'ignore' });
  // a commit's own versions where they differ from ours
  const sameLock =
    readFileSync('package-lock.json', 'utf8') === readFileSync(path.join(old, 'package-lock.json'), 'utf8');
  if (sameLock) symlinkSync(path.join(here, 'node_modules'), path.join(old, 'node_modules'));
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: old, stdio: 'ignore' });
  const outs = [path.join(work, 'a'), path.join(work, 'b')];
  const [before, after] = [run(build(old), outs[0]), run(build(here), outs[1])];
  cases.forEach(({ name }, i) => {
    const [a, b] = [before[i], after[i]];
    if (a.status !== b.status)
      report(name, `exit status ${a.status} -> ${b.status}: ${b.stderr.split('\n')[0]}`);
    const [documentA, documentB] = [parsed(a.stdout), parsed(b.stdout)];
    if (documentA !== undefined && documentB !== undefined) compareValues(documentA, documentB, '', name);
    else if (a.stdout !== b.stdout) reworded++;
  });
  const [treeA, treeB] = outs.map(out => snapshot(out));
  let same = 0;
  for (const file of new Set([...treeA.keys(), ...treeB.keys()])) {
    const [a, b] = [treeA.get(file), treeB.get(file)];
    if (a === b) {
      same++;
      continue;
    }
    if (file.endsWith('manifest.json') && a !== undefined && b !== undefined) {
      const documents = outs.map(out => parsed(readFileSync(path.join(out, file), 'utf8')));
      compareValues(...documents, 'manifest', file);
      continue;
    }
    report(
      file,
      a === undefined ? 'file is new' : b === undefined ? 'file is gone' : `${a.split(' ')[0]} differs`,
    );
  }
  console.log(`${cases.length} commands on both, ${same} files, links and directories alike`);
  for (const [text, where] of lines)
    console.log(
      `${text}  (${where.length}: ${where.slice(0, 3).join(', ')}${where.length > 3 ? ', …' : ''})`,
    );
  console.log(`${lines.size} kinds of difference; ${reworded} sentences reworded`);
} finally {
  execFileSync('git', ['worktree', 'remove', '--force', old], { stdio: 'ignore' });
  if (process.argv.includes('--keep')) console.log(work);
  else rmSync(work, { recursive: true, force: true });
}
