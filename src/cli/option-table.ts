import { severities } from '../audit/finding.ts';
import { DEFAULT_SHARE, defaultPrefix, modes } from '../plan/request.ts';
import { compressions, formats } from '../pack/format.ts';
import { DEFAULT_KERNEL } from '../pack/kernel.ts';
import { dependsChoices, extras } from '../plan/packages/choices.ts';
import { imageTypes, scopes } from '../systemd/image-type.ts';
import type { OptionTable, OptionValues } from './options.ts';

const sides = ['host', 'staged'] as const;

/** The arguments of `flix vendor`, which `flix.json` may hold as well. */
export const vendorArguments = {
  root: {
    flags: '[root]',
    type: 'path',
    help: 'a whole root (an exported container, a debootstrap, /), a DESTDIR tree, or a source of flix stage',
  },
  paths: {
    flags: '[path...]',
    type: 'list',
    help: 'what to take from the root: PATH, or PATH:TARGET to put it at TARGET; PATH may be a glob',
  },
} as const satisfies OptionTable;

/** The options of `flix vendor` that choose files. */
export const selectionOptions = {
  package: {
    flags: '--package <name>',
    type: 'list',
    help: 'take this package of the root: its programs, their files, and what starts its services',
    default: [],
  },
  depends: {
    flags: '--depends <which>',
    type: 'text',
    seldom: true,
    choices: dependsChoices,
    help: 'which dependencies of the packages are brought; needed: those that evidence points to (default: needed)',
  },
  with: {
    flags: '--with <what>',
    type: 'list',
    seldom: true,
    help: `also take these from the packages: any of ${extras.join(', ')}, with commas between them`,
    default: [],
  },
  include: {
    flags: '--include <path>',
    type: 'list',
    help: 'also copy PATH or PATH:TARGET; PATH may be a glob',
    default: [],
  },
  overlay: {
    flags: '--overlay <dir>',
    type: 'paths',
    help: 'add the files of a directory, which contains usr/ or opt/, at their paths; they take precedence',
    default: [],
  },
  seen: {
    flags: '--seen <path>',
    type: 'list',
    seldom: true,
    help: 'also copy a path that a run of the programs used, as --try reports it',
    default: [],
  },
  exclude: {
    flags: '--exclude <path>',
    type: 'list',
    help: 'leave out a file or directory of the root; may be a glob',
    default: [],
  },
  excludeLib: {
    flags: '--exclude-lib <glob=why>',
    type: 'list',
    seldom: true,
    help: 'leave out libraries whose names match GLOB, and record WHY',
    default: [],
  },
  dlopen: {
    flags: '--dlopen <name>',
    type: 'list',
    seldom: true,
    help: 'also copy a library that is opened by name at run time',
    default: [],
  },
  needs: {
    flags: '--needs <strength>',
    type: 'text',
    choices: ['required', 'recommended', 'suggested'],
    help: 'bring what the programs need at run time down to this strength (default: required; with --package: recommended)',
  },
  libraryPath: {
    flags: '--library-path <dir>',
    type: 'list',
    seldom: true,
    help: 'a directory that a script puts into LD_LIBRARY_PATH for the programs',
    default: [],
  },
  staging: {
    flags: '--staging <dir>',
    type: 'paths',
    help: 'DESTDIR tree: take missing files from this root; several are searched in order (default: /)',
    default: [],
  },
  hwcaps: {
    flags: '--hwcaps <level>',
    type: 'text',
    seldom: true,
    help: 'prefer libraries built for a processor level such as x86-64-v3',
  },
} as const satisfies OptionTable;

/** The options of `flix stage` that choose packages of a distribution. */
export const distributionOptions = {
  include: {
    flags: '--include <packages>',
    type: 'list',
    help: 'distribution: also unpack these packages and their dependencies; several with commas between them',
    default: [],
  },
  mirror: {
    flags: '--mirror <url>',
    type: 'list',
    help: 'distribution: the archive, as a URL or a line of sources.list (default: that of the distribution with its updates)',
    default: [],
  },
  components: {
    flags: '--components <names>',
    type: 'text',
    help: 'distribution: components of the archive, with commas between them (default: main; ubuntu: main,universe)',
  },
  keyring: {
    flags: '--keyring <file>',
    type: 'path',
    help: 'distribution: the keys that may sign the archive (default: those of the distribution)',
  },
  recommends: {
    flags: '--recommends',
    type: 'switch',
    help: 'distribution: also unpack the packages that others recommend',
    default: false,
  },
} as const satisfies OptionTable;

/** What is made of them. */
const treeOptions = {
  name: {
    flags: '--name <name>',
    type: 'text',
    help: 'name of the extension, of its private directory and of the image',
  },
  out: {
    flags: '--out <dir>',
    type: 'path',
    help: 'where to write the tree (default: ./<name>, or in place for a DESTDIR tree)',
  },
  prefix: {
    flags: '--prefix <path>',
    type: 'text',
    seldom: true,
    help: `the private directory (default: ${defaultPrefix('<name>')})`,
  },
  mode: {
    flags: '--mode <mode>',
    type: 'text',
    choices: modes,
    help: 'flix: bring loader and libraries; flatwrap: wrappers run the programs in a view of the root; auto: flix, unless only flatwrap serves what they need; host-bound: use the loader of given hosts (default: auto; with --host: host-bound)',
  },
  seal: {
    flags: '--seal <how>',
    type: 'text',
    seldom: true,
    choices: ['auto', 'none'],
    help: 'none: edit run paths only; leave the loader unsealed',
    default: 'auto',
  },
  sbom: {
    flags: '--sbom',
    type: 'switch',
    help: 'also add a bill of materials (CycloneDX) and the licence files of the packages (docs/sbom.md)',
    default: false,
  },
  host: {
    flags: '--host <place>',
    type: 'paths',
    help: 'bring only what this host (root, image or profile) lacks; if repeated: what one of them lacks; with another --mode: the host whose nsswitch.conf and user namespace settings count',
    default: [],
  },
  perHost: {
    flags: '--per-host [percent]',
    type: 'text',
    preset: DEFAULT_SHARE,
    help: `make a tree for each release of the hosts if one tree for all brings over this many percent more than a host lacks (default: ${DEFAULT_SHARE})`,
  },
  strict: {
    flags: '--strict',
    type: 'switch',
    seldom: true,
    help: 'treat a library that only a plugin lacks as an error',
    default: false,
  },
} as const satisfies OptionTable;

/** The view of the programs, in Flatwrap mode. */
export const viewOptions = {
  trim: {
    flags: '--trim',
    type: 'switch',
    help: 'copy only the named paths and what they load (default if the root is /, and with --mode auto)',
    negated: 'copy the whole root (default for any other root)',
  },
  etc: {
    flags: '--etc <whose>',
    type: 'text',
    seldom: true,
    choices: sides,
    help: 'whose /etc the programs see (default: host)',
  },
  var: {
    flags: '--var <whose>',
    type: 'text',
    seldom: true,
    choices: sides,
    help: 'whose /var the programs see (default: host)',
  },
  home: {
    flags: '--home <whose>',
    type: 'text',
    seldom: true,
    choices: sides,
    help: 'whose /home the programs see (default: host)',
  },
  bind: {
    flags: '--bind <host:inside>',
    type: 'list',
    seldom: true,
    help: 'show the programs the path HOST of the host at INSIDE',
    default: [],
  },
  bindRo: {
    flags: '--bind-ro <host:inside>',
    type: 'list',
    seldom: true,
    help: 'the same as --bind, but read-only',
    default: [],
  },
  runner: {
    flags: '--runner <tool>',
    type: 'text',
    seldom: true,
    choices: ['auto', 'unshare', 'bwrap'],
    help: 'the tool that sets up the view (default: auto, bwrap only where unshare is refused)',
  },
} as const satisfies OptionTable;

/** Whether an image is made, and where. */
const packingOptions = {
  pack: {
    flags: '--pack',
    type: 'switch',
    help: 'also make the image',
    default: false,
  },
  output: {
    flags: '-o, --output <file>',
    type: 'path',
    help: 'the image file (default: <name>.raw in the directory that holds the tree)',
  },
} as const satisfies OptionTable;

const fileOptions = {
  format: {
    flags: '--format <format>',
    type: 'text',
    choices: formats,
    help: 'format of the image',
    default: 'ddi',
  },
  compress: {
    flags: '--compress <how>',
    type: 'text',
    choices: compressions,
    help: 'compression of the image: fast while trying things out, small for publishing',
    default: 'small',
  },
  kernel: {
    flags: '--kernel <version>',
    type: 'text',
    help: 'the oldest Linux kernel that has to read the image',
    default: DEFAULT_KERNEL,
  },
  version: {
    flags: '--version <version>',
    type: 'text',
    help: 'version of the image; becomes part of the default file name',
  },
  arch: {
    flags: '--arch <architecture>',
    type: 'text',
    help: 'x86-64, arm64 … (default: the architecture of the programs)',
  },
  fileContexts: {
    flags: '--file-contexts <file>',
    type: 'path',
    help: 'set SELinux labels as the file_contexts of the target says; name that file, or the root of a host',
  },
  seed: {
    flags: '--seed <uuid>',
    type: 'text',
    help: 'UUID from which all others are derived (default: derived from the content)',
  },
} as const satisfies OptionTable;

const trustOptions = {
  verity: {
    flags: '--verity',
    type: 'switch',
    help: 'also write a hash tree, <name>.verity, for a format other than ddi (a DDI always contains one)',
  },
  sign: {
    flags: '--sign',
    type: 'switch',
    help: 'refuse to make an image without a signature',
  },
  // not a path: with --key-source it names a key in a token
  key: {
    flags: '--key <file>',
    type: 'text',
    help: 'private key in PEM format that signs the root hash',
  },
  certificate: {
    flags: '--certificate <file>',
    type: 'path',
    help: 'certificate of that key in PEM format, which the hosts need too',
  },
  keySource: {
    flags: '--key-source <source>',
    type: 'text',
    help: 'provider:NAME or engine:NAME that holds the key; --key then names the key in it',
  },
} as const satisfies OptionTable;

const releaseOptions = {
  osId: {
    flags: '--os-id <id>',
    type: 'text',
    help: 'accept only hosts with this ID= in os-release (default: as the release file in the tree says, else _any)',
  },
  osVersionId: {
    flags: '--os-version-id <version>',
    type: 'text',
    help: 'accept only hosts that also have this VERSION_ID=',
  },
  sysextLevel: {
    flags: '--sysext-level <level>',
    type: 'text',
    help: 'accept only hosts that also have this SYSEXT_LEVEL= (of a confext: CONFEXT_LEVEL=)',
  },
  scope: {
    flags: '--scope <scope>',
    type: 'list',
    choices: scopes,
    help: 'where the extension may be merged: system, initrd or portable',
  },
  reloadManager: {
    flags: '--reload-manager',
    type: 'switch',
    help: 'have systemd reload its units after the extension is merged',
  },
  anyName: {
    flags: '--any-name',
    type: 'switch',
    help: 'let the host accept the extension whatever its image file is called there',
  },
} as const satisfies OptionTable;

/** The options that describe an image, for `pack` and `vendor --pack`. */
export const imageOptions = {
  ...fileOptions,
  ...trustOptions,
  ...releaseOptions,
} as const satisfies OptionTable;

/** How much a command prints. */
export const messageOptions = {
  quiet: {
    flags: '-q, --quiet',
    type: 'switch',
    help: 'print nothing but errors, and the document of --json',
    default: false,
  },
  verbose: {
    flags: '-v, --verbose',
    type: 'switch',
    help: 'print every step, and every tool that runs',
    default: false,
  },
} as const satisfies OptionTable;

/** The options of a single run, which `flix.json` may not hold. */
const runOptions = {
  config: {
    flags: '--config <file>',
    type: 'path',
    help: 'the recipe (default: flix.json in the current directory, if there is one)',
    negated: 'read no recipe',
  },
  dryRun: {
    flags: '--dry-run',
    type: 'switch',
    help: 'print what would be done; write nothing',
    default: false,
  },
  force: {
    flags: '--force',
    type: 'switch',
    help: 'replace a tree or image that flix did not make; bring packages that every host has',
    default: false,
  },
  run: {
    flags: '--no-run',
    type: 'switch',
    seldom: true,
    help: 'do not run the private loader to prove the tree',
    default: true,
  },
  try: {
    flags: '--try <command>',
    type: 'text',
    help: 'run COMMAND in the tree, add what it misses, and repeat (docs/try.md)',
  },
  tryHost: {
    flags: '--try-host <root>',
    type: 'path',
    seldom: true,
    help: 'run it over the root of a host (default: over the hosts of --host; without them, in a root that contains nothing but the tree)',
  },
  json: {
    flags: '--json',
    type: 'switch',
    help: 'print one JSON document',
    default: false,
  },
  ...messageOptions,
} as const satisfies OptionTable;

/** What `flix.json` may hold of `flix vendor`. */
export const recipeOptions = {
  ...vendorArguments,
  ...selectionOptions,
  ...treeOptions,
  ...viewOptions,
  ...packingOptions,
  ...imageOptions,
} as const satisfies OptionTable;

/** The options of `flix vendor`, under the headings of its help. */
export const vendorGroups = {
  'What to take': selectionOptions,
  'The extension': treeOptions,
  'With --mode flatwrap': viewOptions,
  'The image': { ...packingOptions, ...imageOptions },
  'This run': runOptions,
} as const satisfies Readonly<Record<string, OptionTable>>;

export const vendorOptions = {
  ...selectionOptions,
  ...treeOptions,
  ...viewOptions,
  ...vendorGroups['The image'],
  ...runOptions,
} as const satisfies OptionTable;

/** Decides which findings change the exit status of `flix audit`. */
export const failOnOption = {
  failOn: {
    flags: '--fail-on <severity>',
    type: 'text',
    choices: severities,
    help: 'exit with status 1 if a finding is at least this severe',
    default: 'error',
  },
} as const satisfies OptionTable;

/** How `flix pack` publishes an image. */
export const feedOptions = {
  feed: {
    flags: '--feed <dir>',
    type: 'path',
    help: 'also publish the image in this directory, which a web server offers to systemd-sysupdate',
  },
  feedUrl: {
    flags: '--feed-url <url>',
    type: 'text',
    help: 'URL of that directory on the web server; needed only while the feed is new',
  },
  instancesMax: {
    flags: '--instances-max <number>',
    type: 'text',
    help: 'how many versions a host keeps (default: 2)',
  },
  gpgKey: {
    flags: '--gpg-key <key>',
    type: 'text',
    help: 'sign the SHA256SUMS of the feed with this key, given by its gpg key ID or user ID',
  },
} as const satisfies OptionTable;

/** The options of `flix pack`, which does not read `flix.json`, under the headings of its help. */
export const packGroups = {
  'The image': {
    output: packingOptions.output,
    name: {
      flags: '--name <name>',
      type: 'text',
      help: 'name of the extension (default: taken from --output, else from the release file in the tree)',
    },
    type: {
      flags: '--type <type>',
      type: 'text',
      choices: imageTypes,
      help: 'what systemd uses the image as',
      default: 'sysext',
    },
    ...fileOptions,
  },
  Signature: trustOptions,
  'Hosts that accept it': {
    host: {
      flags: '--host <place>',
      type: 'path',
      help: 'accept only hosts like this root or profile: the same ID=, and the same SYSEXT_LEVEL= or VERSION_ID=',
    },
    ...releaseOptions,
  },
  'A feed for systemd-sysupdate': feedOptions,
  'This run': {
    force: {
      ...runOptions.force,
      help: 'replace a file that no SHA256SUMS lists as made by flix; pack a tree that locks users out of directories',
    },
    explain: {
      flags: '--explain',
      type: 'switch',
      help: 'explain each line of the summary',
      default: false,
    },
    json: runOptions.json,
    ...messageOptions,
  },
} as const satisfies Readonly<Record<string, OptionTable>>;

export const packOptions = {
  ...packGroups['The image'],
  ...packGroups['Signature'],
  ...packGroups['Hosts that accept it'],
  ...packGroups['A feed for systemd-sysupdate'],
  ...packGroups['This run'],
} as const satisfies OptionTable;

export type ImageOptions = OptionValues<typeof imageOptions>;
export type VendorOptions = OptionValues<typeof vendorOptions>;
