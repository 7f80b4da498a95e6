import fs from 'node:fs';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';
import { stage, type Stage } from '../lab/stage.ts';

const at = scratch();
const able = has('root', 'mountNamespace', 'archive', 'tool:strace', 'tool:gcc');
const LIB = '/usr/lib/x86_64-linux-gnu';

/** A program whose modules hosts have at the same paths. */
interface Task {
  readonly root: RootName;
  readonly entry: string;
  readonly options: readonly string[];
  /** Modules for which the host has decoys. */
  readonly decoys: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly run: readonly string[];
  readonly input?: string;
  readonly output: string | RegExp;
  /** Files below the private directory that it has to open; a version may follow. */
  readonly opens: readonly string[];
}

const tasks: Readonly<Record<string, Task>> = {
  'iconv converts with its own modules': {
    root: 'apps-bookworm',
    entry: '/usr/bin/iconv',
    options: ['--needs', 'recommended', '--exclude', '/usr/share/i18n'],
    decoys: [`${LIB}/gconv/ISO8859-15.so`, '/decoy/lib/ISO8859-15.so'],
    variables: { GCONV_PATH: '/decoy/lib' },
    run: ['-f', 'UTF-8', '-t', 'ISO-8859-15'],
    input: '\u20ac',
    output: '\ufffd', // the byte 0xa4, which is not UTF-8
    opens: ['lib/gconv/gconv-modules.cache', 'lib/gconv/ISO8859-15.so'],
  },
  'openssl loads its legacy provider': {
    root: 'apps-bookworm',
    entry: '/usr/bin/openssl',
    options: ['--needs', 'recommended'],
    decoys: [`${LIB}/ossl-modules/legacy.so`, '/decoy/lib/legacy.so'],
    variables: { OPENSSL_MODULES: '/decoy/lib', OPENSSL_CONF: '/dev/null' },
    run: ['dgst', '-provider', 'legacy', '-md4', '-r'],
    input: 'abc',
    output: /^a448017aaf21d8525fc10ae87aa6729d/,
    opens: ['lib/ossl-modules/legacy.so'],
  },
  'ffmpeg plays with its own configuration of ALSA': {
    root: 'media-bookworm',
    entry: '/usr/bin/ffmpeg',
    options: ['--needs', 'recommended'],
    decoys: [`${LIB}/alsa-lib/libasound_module_pcm_pulse.so`, `${LIB}/gconv/UTF-16.so`],
    variables: { ALSA_PLUGIN_DIR: '/decoy/lib' },
    run: ['-v', 'error', '-f', 'lavfi', '-i', 'sine', '-t', '0.1', '-f', 'alsa', 'null'],
    output: /^$/,
    opens: ['share/alsa/alsa.conf'],
  },
};

function addDecoys({ scratch: directory }: Stage, decoys: readonly string[]): void {
  const layer = path.join(directory, 'layer');
  for (const decoy of decoys) {
    fs.mkdirSync(path.dirname(layer + decoy), { recursive: true });
    fs.copyFileSync(path.join(layer, LIB, 'preload.so'), layer + decoy);
  }
}

async function outcome(
  task: Omit<Task, 'root' | 'options' | 'output'>,
  tree: string,
  host: RootName,
  name: string,
) {
  const { entry, decoys, variables, run, input = '', opens } = task;
  const on = stage({ tree, host: await labRoot(host), scratch: at(`stage-${name}`), sonames: [] });
  addDecoys(on, decoys);
  const [program, ...options] = on.command([entry, ...run], variables);
  const { stdout, stderr, exitCode } = await execa(program!, options, { reject: false, input });
  const { opened } = on.trace(entry);
  const missed = opens.filter(file => !opened.some(each => each.startsWith(`/usr/local/app/${file}`)));
  return { exitCode, stderr, stdout, foreign: on.foreign(entry), missed };
}

/** Works with its own modules and with no code of the host. */
const worked = (output: string | RegExp) => ({
  exitCode: 0,
  stdout: expect.stringMatching(output) as string,
  foreign: [],
  missed: [],
});

describe.runIf(able)('over another release that has other modules at the same paths', () => {
  it.each(Object.entries(tasks))('%s', async (title, { root, options, output, ...task }) => {
    const name = title.split(' ')[0]!;
    await flix('vendor', await labRoot(root), task.entry, '--name', 'app', '--out', at(name), ...options);
    expect(await outcome(task, at(name), 'host-trixie', name)).toMatchObject(worked(output));
  });

  it('a program of the user loads SASL mechanisms of its staging root', async () => {
    const root = await labRoot('clients-bookworm');
    const tree = at('sasl-tree');
    fs.mkdirSync(`${tree}/usr/bin`, { recursive: true });
    const source =
      'int sasl_client_init(void *); const char **sasl_global_listmech(void); int puts(const char *);' +
      'int main(void) { if (sasl_client_init(0)) return 1; for (const char **m = sasl_global_listmech(); *m; m++) puts(*m); }';
    const flags = [
      '-x',
      'c',
      '-',
      '-x',
      'none',
      `${root}${LIB}/libsasl2.so.2`,
      '-Wl,--allow-shlib-undefined',
    ];
    execaSync('gcc', ['-o', `${tree}/usr/bin/mechanisms`, ...flags], { input: source });
    const out = at('sasl');
    await flix('vendor', tree, '--staging', root, '--name', 'app', '--out', out, '--needs', 'recommended');
    const found = await outcome(
      {
        entry: '/usr/bin/mechanisms',
        decoys: [`${LIB}/sasl2/libplain.so`, `${LIB}/sasl2/libdecoy.so`, '/decoy/lib/libplain.so'],
        variables: { SASL_PATH: '/decoy/lib' },
        run: [],
        opens: ['lib/sasl2/libplain.so', 'lib/sasl2/libgssapiv2.so'],
      },
      out,
      'host-trixie',
      'sasl',
    );
    expect(found).toMatchObject(worked(/^PLAIN$/m));
  });

  it('a name for which paths are too short works through links, and each build gives the same bytes', async () => {
    const root = await labRoot('apps-bookworm');
    const name = 'a-name-with-more-letters-than-fit';
    const { entry, options, run } = tasks['openssl loads its legacy provider']!;
    for (const out of [at('long-1'), at('long-2')])
      await flix('vendor', root, entry, '--name', name, '--out', out, ...options);
    execaSync('diff', ['-r', '--no-dereference', at('long-1'), at('long-2')]);
    const on = stage({
      tree: at('long-1'),
      host: await labRoot('host-trixie'),
      scratch: at('stage-long'),
      sonames: [],
    });
    addDecoys(on, [`${LIB}/ossl-modules/legacy.so`]);
    const [program, ...rest] = on.command([entry, ...run], { OPENSSL_CONF: '/dev/null' });
    expect((await execa(program!, rest, { input: 'abc' })).stdout).toMatch(/^a448017a/);
    expect(on.foreign(entry)).toEqual([]);
    expect(on.trace(entry).opened).toContain(`/usr/local/${name}/lib/ossl-modules/legacy.so`);
  });
});
