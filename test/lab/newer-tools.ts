import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Overlay, runInOverlay } from './overlay.ts';
import { labRoot } from './roots.ts';

const bundle = fileURLToPath(new URL('../../dist/flix.mjs', import.meta.url));

/** Returns the start of a command line that runs a tool of Debian 13 by its own loader. */
export async function debian13(tool: string): Promise<readonly string[]> {
  const root = await labRoot('tools-trixie');
  const libraries = `${root}/usr/lib/x86_64-linux-gnu`;
  const searched = `${libraries}:${libraries}/systemd`;
  return [`${root}/lib64/ld-linux-x86-64.so.2`, '--library-path', searched, `${root}/usr/bin/${tool}`];
}

/** Debian 13 with its image tools. flix runs in it on this machine's Node. */
export class NewerTools {
  readonly #place: Overlay;

  private constructor(place: Overlay) {
    this.#place = place;
  }

  /** @param shared a directory of the test, which is /shared inside; Node and flix are copied to it */
  static async open(shared: string, work: string): Promise<NewerTools> {
    fs.mkdirSync(work, { recursive: true });
    fs.copyFileSync(fs.realpathSync(process.execPath), path.join(shared, '.node'));
    fs.copyFileSync(bundle, path.join(shared, '.flix.mjs'));
    return new NewerTools({ root: fs.realpathSync(await labRoot('tools-trixie')), work, shared });
  }

  run(argv: readonly string[]) {
    return runInOverlay(this.#place, argv);
  }

  /** Runs flix. Throws if it fails. @param without tools in /usr/bin to remove first */
  async flix(argv: readonly string[], without: readonly string[] = []) {
    const script = 'for tool in $1; do rm "/usr/bin/$tool"; done; shift; exec "$@"';
    const flix = ['/shared/.node', '/shared/.flix.mjs', ...argv];
    const ended = await this.run(['sh', '-c', script, 'flix', without.join(' '), ...flix]);
    if (ended.status !== 0) throw new Error(`flix ${argv.join(' ')}: ${ended.stderr}`);
    return ended;
  }
}
