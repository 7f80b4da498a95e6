import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { prefixFiles, wrapper } from '../../src/wrap/wrapper.ts';
import { mountsOf } from '../../src/wrap/mounts.ts';
import type { Form, Runner, Wrapping } from '../../src/wrap/wrapping.ts';
import { DROPPED } from '../../src/plan/flatwrap/wrappers.ts';
import { has } from '../lab/requires.ts';

const FORMS: readonly Form[] = ['overmount', 'chroot'];
const RUNNERS: readonly Runner[] = ['auto', 'unshare', 'bwrap'];

/** A name with every character that a shell treats specially. */
const ODD = `/usr/bin/-a b'c"d$e\`f\`\\g\n;h#&*`;

function wrapping(form: Form, runner: Runner, prefix = '/usr/local/app'): Wrapping {
  const binds = [{ host: '/srv/a b', inside: '/usr/share/in side', readOnly: true }];
  return {
    name: 'app',
    prefix,
    form,
    runner,
    mounts: mountsOf({ form, prefix, own: [], binds, cache: true }),
  };
}

function scripts(form: Form, runner: Runner, prefix = '/usr/local/app', program = ODD): string[] {
  const files = prefixFiles(wrapping(form, runner, prefix));
  const texts = ['enter', 'try'].map(file => `#!/bin/sh\n${files.get(file)}`);
  return [wrapper(wrapping(form, runner, prefix), program, DROPPED), ...texts];
}

describe.each(FORMS)('scripts of the %s form', form => {
  it.runIf(has('tool:shellcheck')).each(RUNNERS)('pass shellcheck with --runner %s', runner => {
    const check = (script: string, ...options: string[]) =>
      expect(execaSync('shellcheck', [...options, '-'], { input: script, reject: false }).stdout).toBe('');
    for (const script of scripts(form, runner, '/usr/local/app', '/usr/bin/app')) check(script);
    // a name may contain a dollar sign on purpose
    for (const script of scripts(form, runner, "/usr/local/it's $here", ODD)) check(script, '-e', 'SC2016');
  });

  it.each(['dash', 'bash', 'busybox'].filter(shell => has(`tool:${shell}`)))('are valid sh for %s', shell => {
    const command = shell === 'busybox' ? ['busybox', 'sh'] : [shell];
    for (const runner of RUNNERS)
      for (const script of scripts(form, runner))
        expect(execaSync(command[0]!, [...command.slice(1), '-n'], { input: script }).stderr).toBe('');
  });

  it('use only variables that begin with an underscore', () => {
    for (const runner of RUNNERS)
      for (const script of scripts(form, runner))
        expect(
          script.match(/(?<![\w-])(?!_|lowerdir=|FLATWRAP_ROOT=)[A-Za-z]\w*=(?![\]0-9])/g) ?? [],
        ).toEqual([]);
  });
});

it('prints errors under the name of the program, whatever characters it contains', () => {
  const { exitCode, stderr } = execaSync('sh', ['-s'], {
    input: wrapper(wrapping('overmount', 'auto'), ODD, DROPPED),
    reject: false,
  });
  expect(exitCode).toBe(125);
  expect(stderr).toContain(
    `-a b'c"d$e\`f\`\\g\n;h#&*: /usr/local/app does not exist: is the extension merged?`,
  );
});

it('does not mention bwrap with --runner unshare', () => {
  expect(wrapper(wrapping('chroot', 'unshare'), '/usr/bin/app', DROPPED)).not.toContain('bwrap');
});
