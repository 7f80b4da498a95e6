/**
 * The map of src/: which folder may import which. Writes the table of CONTRIBUTING.md and the import rules of
 * .oxlintrc.json, so that the two cannot disagree; with --check it only reports whether they are up to date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

interface Folder {
  readonly does: string;
  readonly gives: string;
  /** Folders that it may import; type-only imports count. */
  readonly imports: readonly string[];
  /** Modules outside src/ that are reserved for some folders. */
  readonly may?: readonly Capability[];
}

type Capability = 'read files' | 'write files' | 'spawn' | 'parse a command line';

const FACTS = ['elf', 'libc', 'view'];
const BELOW_PLAN = [...FACTS, 'packages', 'systemd', 'resolve', 'needs', 'relocate', 'wrap', 'manifest'];
const BELOW_VENDOR = [...BELOW_PLAN, 'plan', 'sbom', 'io', 'write', 'prove'];
const IMAGES = ['elf', 'view', 'systemd', 'manifest', 'io', 'image'];

const folders: Readonly<Record<string, Folder>> = {
  elf: {
    does: 'bytes through a reader of offset and length → facts; one row per machine',
    gives: '`ElfFacts`',
    imports: [],
  },
  libc: {
    does: 'what each libc family is: loader names, variables, what it opens by itself',
    gives: 'facts',
    imports: ['elf'],
  },
  view: {
    does: 'what a root looks like from inside: directory, image, host profile or several roots merged; the only reader of roots',
    gives: '`View`',
    imports: ['elf', 'libc'],
    may: ['read files'],
  },
  packages: {
    does: 'package databases of a root: which package owns a file',
    gives: '`Package`',
    imports: ['view'],
  },
  systemd: {
    does: 'what systemd decides: release files, unit files, boot order, image policy, versions',
    gives: 'decisions',
    imports: ['elf', 'view'],
  },
  resolve: {
    does: "the loader's rules: entries × view → what is loaded, from where, and why",
    gives: '`Closure`',
    imports: FACTS,
  },
  needs: {
    does: 'what a program needs at run time beyond its closure: one file per kind of evidence',
    gives: '`Need[]`',
    imports: [...FACTS, 'packages', 'resolve'],
  },
  relocate: {
    does: 'Flix mode: seal, interpreter, run paths; whether a loader is sealed, and what it leaves open',
    gives: '`Edit[]`',
    imports: ['elf', 'libc'],
  },
  wrap: {
    does: 'Flatwrap mode: wrappers, mount tables, unit drop-ins',
    gives: 'text',
    imports: ['view'],
  },
  manifest: {
    does: 'the manifest: format, reader, finder',
    gives: '`Manifest`',
    imports: ['view', 'systemd', 'wrap'],
  },
  plan: {
    does: 'every file of the tree: from where, to where, why, with which edits; decides conflicts',
    gives: '`Plan`',
    imports: BELOW_PLAN,
  },
  sbom: {
    does: 'which packages and licences a tree consists of → CycloneDX',
    gives: '`Sbom`',
    imports: ['view', 'packages', 'plan'],
  },
  io: {
    does: 'spawns, temporary files, locks, publishing, progress',
    gives: '',
    imports: [],
    may: ['read files', 'write files', 'spawn'],
  },
  stage: {
    does: 'makes a staging root of packages, a container image or an archive; executes nothing of it',
    gives: '`StagedRoot`',
    imports: ['elf', 'libc', 'view', 'packages', 'systemd', 'resolve', 'io'],
    may: ['read files', 'write files'],
  },
  write: {
    does: 'carries a plan out; the only writer of trees',
    gives: 'a tree',
    imports: [...BELOW_PLAN, 'plan', 'io'],
    may: ['read files', 'write files'],
  },
  prove: {
    does: 'reads the finished tree again and asks its loader',
    gives: '`Proof`',
    imports: [...BELOW_PLAN, 'plan', 'io'],
  },
  trial: {
    does: 'runs a command over a host with extensions merged, and judges what it used',
    gives: '`Trial`',
    imports: ['elf', 'libc', 'view', 'systemd', 'manifest', 'io'],
  },
  vendor: {
    does: 'the use case: read, plan, write, prove, publish, try',
    gives: '`Vendored`',
    imports: [...BELOW_VENDOR, 'trial'],
  },
  image: {
    does: 'reads images: partitions, hash trees, signatures, file systems',
    gives: '`Image`, a `View`',
    imports: ['elf', 'view', 'systemd', 'io'],
    may: ['read files', 'write files'],
  },
  pack: {
    does: 'tree → image and feed',
    gives: 'an image',
    imports: IMAGES,
    may: ['read files', 'write files'],
  },
  verify: {
    does: 'compares an image with everything that it says of itself',
    gives: '`Verification`',
    imports: [...IMAGES, 'pack'],
  },
  audit: {
    does: 'views → findings, one file per kind',
    gives: '`Finding[]`',
    imports: [...FACTS, 'systemd', 'manifest', 'packages', 'resolve', 'needs', 'relocate'],
  },
  build: {
    does: 'jobs that depend on each other: cache keys, and the local runner',
    gives: '`Job[]`',
    imports: ['io'],
    may: ['read files', 'write files'],
  },
  report: {
    does: 'any of these nouns → text, JSON, SARIF, HTML, dot',
    gives: 'text',
    imports: [...BELOW_VENDOR, 'vendor', 'image', 'pack', 'verify', 'audit', 'trial', 'stage', 'build'],
  },
  cli: {
    does: 'one file per command: the command line → a request; exit status',
    gives: '',
    imports: [
      ...BELOW_VENDOR,
      'vendor',
      'image',
      'pack',
      'verify',
      'audit',
      'trial',
      'stage',
      'build',
      'report',
    ],
    may: ['parse a command line'],
  },
};

const RESERVED: readonly {
  readonly needs: readonly Capability[];
  readonly regex: string;
  readonly message: string;
}[] = [
  {
    needs: ['read files'],
    regex: '^node:fs(/|$)|^tmp-promise$|^fast-glob$',
    message: 'Only view/ reads roots; only io/, write/, pack/ and image/ write files.',
  },
  { needs: ['spawn'], regex: '^node:child_process$|^execa$', message: 'Only io/ spawns.' },
  { needs: ['parse a command line'], regex: '^commander$', message: 'Only cli/ knows the command line.' },
];

/** view/ may open files of a root and never change one. */
const READ_ONLY = {
  object: 'fs',
  allowProperties: [
    'constants',
    'openSync',
    'readSync',
    'closeSync',
    'fstatSync',
    'lstatSync',
    'statSync',
    'readdirSync',
    'readlinkSync',
    'readFileSync',
    'realpathSync',
  ],
  message: 'view/ only reads.',
};

interface Override {
  readonly files: readonly string[];
  readonly rules: Readonly<Record<string, unknown>>;
}

function overrides(): Override[] {
  const ofFolders = Object.entries(folders).map(([name, { imports, may = [] }]): Override => {
    const unknown = Object.keys(folders).filter(other => other !== name && !imports.includes(other));
    const patterns = [
      ...(unknown.length > 0
        ? [
            {
              regex: `^\\.\\.?/(.*/)?(${unknown.join('|')})/`,
              message: `${name}/ may not import this folder: see the map in CONTRIBUTING.md.`,
            },
          ]
        : []),
      ...RESERVED.filter(({ needs }) => !needs.some(capability => may.includes(capability))).map(
        ({ regex, message }) => ({ regex, message }),
      ),
    ];
    return {
      files: [`src/${name}/**`],
      rules: {
        'no-restricted-imports': ['error', { patterns }],
        ...(may.includes('read files') &&
          !may.includes('write files') && { 'no-restricted-properties': ['error', READ_ONLY] }),
      },
    };
  });
  const shared: Override = {
    files: ['src/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^\\./.*/', message: 'What all folders share imports none of them.' }] },
      ],
    },
  };
  return [...ofFolders, shared];
}

function lintConfiguration(text: string): string {
  const configuration = JSON.parse(text) as { overrides: Override[] };
  const others = configuration.overrides.filter(({ files }) => !files.some(file => file.startsWith('src/')));
  return `${JSON.stringify({ ...configuration, overrides: [...overrides(), ...others] }, undefined, 2)}\n`;
}

const MARK = /(<!-- map -->\n)[^]*?(\n<!-- end of map -->)/;

function contributing(text: string): string {
  const rows = Object.entries(folders).map(([name, { does, gives, imports }]) => {
    const named = imports.length === 0 ? '–' : importsText(name, imports);
    return `| \`${name}/\` | ${does} | ${gives} | ${named} |`;
  });
  const table = ['| folder | does | gives | may import |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return text.replace(MARK, (_, open: string, close: string) => `${open}\n${table}\n${close}`);
}

/** `all above` where it says the same in fewer words. */
function importsText(name: string, imports: readonly string[]): string {
  const names = Object.keys(folders);
  const above = names.slice(0, names.indexOf(name));
  const missing = above.filter(other => !imports.includes(other));
  if (missing.length === 0) return 'all above';
  return missing.length <= 2 && imports.length > missing.length + 3
    ? `all above but ${missing.join(' and ')}`
    : imports.join(', ');
}

const unlisted = readdirSync('src', { withFileTypes: true })
  .filter(entry => entry.isDirectory() && !Object.hasOwn(folders, entry.name))
  .map(({ name }) => name);
if (unlisted.length > 0) {
  console.error(`scripts/import-rules.ts lists no ${unlisted.map(name => `src/${name}`).join(', ')}`);
  process.exit(1);
}

const written = { '.oxlintrc.json': lintConfiguration, 'CONTRIBUTING.md': contributing };
for (const [file, write] of Object.entries(written)) {
  const before = readFileSync(file, 'utf8');
  const after = write(before);
  if (essence(before) === essence(after)) continue;
  if (process.argv.includes('--check')) {
    console.error(`${file} does not say what scripts/import-rules.ts says: run npm run import-rules`);
    process.exitCode = 1;
  } else writeFileSync(file, after);
}

/** The formatter pads tables and wraps arrays; neither changes what a file says. */
function essence(text: string): string {
  return text.replace(/\s+|-{3,}/g, '');
}
