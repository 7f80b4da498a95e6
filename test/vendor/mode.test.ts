import { describe, expect, it } from 'vitest';
import { FlixError } from '../../src/errors.ts';
import type { JudgedNeed } from '../../src/needs/need.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { choosePlan, modeText } from '../../src/vendor/mode.ts';
import { scratch } from '../io/scratch.ts';
import { wrapPlanOf, wrapRoot } from '../plan/flatwrap/plan.ts';
import { type Files, LIB, planOf, program, rootAt } from '../plan/plan.ts';

const at = scratch();
let roots = 0;
const place = () => at(`root-${roots++}`);

type Input = Parameters<typeof choosePlan>[0];

/** Chooses between two plans of one root. */
function chosen(files: Files, more: Partial<Input> = {}): Plan {
  const root = wrapRoot(place(), files);
  return choosePlan({
    flix: () => planOf(root, ['/usr/bin/app']),
    flatwrap: choices => wrapPlanOf(root, ['/usr/bin/app'], choices),
    trim: undefined,
    level: 'required',
    host: undefined,
    ...more,
  });
}

const pam: Files = {
  '/usr/bin/app': program({ needed: ['libpam.so.0', 'libc.so.6'] }),
  [`${LIB}/libpam.so.0`]: { soname: 'libpam.so.0', needed: ['libc.so.6'] },
  [`${LIB}/security/pam_x.so`]: { needed: ['libc.so.6'] },
};

const need = (verdict: JudgedNeed['verdict'], more: Partial<JudgedNeed> = {}): JudgedNeed => ({
  what: '/usr/lib/x',
  strength: 'required',
  evidence: { kind: 'path', file: '/usr/bin/app', text: '/usr/lib/x' },
  verdict,
  size: () => 0,
  ...more,
});

describe('Flix mode is chosen', () => {
  it.each<[string, JudgedNeed[]]>([
    ['are in the tree', [need('in the tree')]],
    ['are brought', [need('brought')]],
    ['are redirected', [need('redirected')]],
    ['are provided by every host', [need('provided by every host')]],
    ['are open, but weaker than the level', [need('open', { strength: 'recommended' })]],
    ['are open because the user left them out', [need('open', { because: 'it is left out with --exclude' })]],
  ])('if the needs %s', (_, needs) => {
    const root = wrapRoot(place());
    const plan = chosen({}, { flix: () => ({ ...planOf(root, ['/usr/bin/app']), needs }) });
    expect(modeText(plan)).toBe('mode: flix, because every need of its programs is served in it');
  });

  it('with the open needs named if Flatwrap mode serves none of them either', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['libvulkan.so.1', 'libc.so.6'] }),
      [`${LIB}/libvulkan.so.1`]: { soname: 'libvulkan.so.1', needed: ['libc.so.6'] },
      '/usr/share/vulkan/icd.d/x.json': { text: '{}' },
    };
    const root = wrapRoot(place(), files);
    const plan = chosen(files, {
      flix: () => planOf(root, ['/usr/bin/app'], { needs: 'recommended' }),
      flatwrap: () => wrapPlanOf(root, ['/usr/bin/app'], { request: { needs: 'recommended' } }),
      level: 'recommended',
    });
    expect(modeText(plan)).toBe(
      'mode: flix, because neither mode serves what is open: /usr/bin/app needs Vulkan drivers (/usr/share/vulkan/icd.d), which Flix mode does not bring: drivers belong to the host, whose kernel and devices they fit',
    );
  });

  it('if only files of /etc are open, which are the host’s in both modes', () => {
    const root = wrapRoot(place());
    const needs = [need('open', { what: '/etc/localtime', because: 'it is a link out of /etc' })];
    const plan = chosen({}, { flix: () => ({ ...planOf(root, ['/usr/bin/app']), needs }) });
    expect(modeText(plan)).toMatch(/^mode: flix, because neither mode serves what is open: /);
  });

  it('if a program must keep the rights of its owner, a unit forbids wrappers, or the root cannot be shown', () => {
    const withBit = (plan: Plan): Plan => ({
      ...plan,
      files: plan.files.map(file =>
        file.content.kind === 'copy' && file.why === 'requested'
          ? {
              ...file,
              content: {
                ...file.content,
                view: { ...file.content.view, stat: path => ({ ...root.stat(path), mode: 0o104755 }) },
              },
            }
          : file,
      ),
    });
    const root = wrapRoot(place(), pam);
    const wrapped = wrapPlanOf(root, ['/usr/bin/app']);
    expect(modeText(chosen(pam, { flatwrap: () => withBit(wrapped) }))).toMatch(
      /^mode: flix, because Flatwrap mode would not serve more: \/usr\/bin\/app is setuid or setgid, .* Open: \/usr\/bin\/app needs PAM modules/,
    );
    const unit = {
      code: 'unit-unwrappable',
      file: '/usr/lib/systemd/user/app.service',
      message: 'forbids the mount namespaces that its wrappers need (RestrictNamespaces=)',
    };
    const restricted = () => ({ ...wrapped, remarks: [unit] });
    expect(modeText(chosen(pam, { flatwrap: restricted }))).toContain(
      'app.service forbids the mount namespaces',
    );
    const unwrappable = 'the root has no os-release';
    expect(modeText(chosen(pam, { flatwrap: undefined, unwrappable }))).toContain(
      `more: ${unwrappable}. Open:`,
    );
  });

  it('if the host lets only root create user namespaces', () => {
    const host = (value: string) =>
      rootAt(place(), {
        '/usr/lib/sysctl.d/10-first.conf': { text: 'user.max_user_namespaces = 100\n' },
        '/etc/sysctl.d/20-last.conf': { text: `# comment\nuser/max_user_namespaces=${value}\n` },
      });
    expect(modeText(chosen(pam, { host: host('0') }))).toContain(
      'lets only root create user namespaces (user.max_user_namespaces = 0 in /etc/sysctl.d/20-last.conf)',
    );
    expect(chosen(pam, { host: host('1000') }).wrapped).toBeDefined();
  });
});

describe('Flatwrap mode is chosen', () => {
  it('if it serves a need that Flix mode leaves open, trimmed unless the user says otherwise', () => {
    const plan = chosen(pam);
    expect(modeText(plan)).toBe(
      `mode: flatwrap, because /usr/bin/app needs PAM modules (${LIB}/security), which Flix mode does not bring: no file of the tree contains its whole path, so it cannot be replaced`,
    );
    expect(plan.wrapped?.whole).toBe(false);
    expect(chosen(pam, { trim: false }).wrapped?.whole).toBe(true);
  });

  it('if Flix mode cannot hold two libraries of one name', () => {
    const refuse = () => {
      throw new FlixError('input', 'name-conflict', 'two libraries are needed under the name libx.so:\n  …');
    };
    expect(modeText(chosen({}, { flix: refuse }))).toBe(
      'mode: flatwrap, because two libraries are needed under the name libx.so',
    );
  });

  it('with the whole root if what a packed program loads is not known', () => {
    const refuse = () => {
      throw new FlixError('input', 'packed', '/usr/bin/app is packed');
    };
    const root = wrapRoot(place());
    const flatwrap: Input['flatwrap'] = ({ trim }) =>
      trim ? refuse() : wrapPlanOf(root, ['/usr/bin/app'], { trim });
    const plan = chosen({}, { flix: refuse, flatwrap });
    expect(plan.wrapped?.whole).toBe(true);
    expect(modeText(plan)).toMatch(/packed; the whole root is copied, since/);
    expect(() => chosen({}, { flix: refuse, flatwrap, trim: true })).toThrow('is packed');
  });
});

it('passes on what Flix mode refuses for a reason of its own', () => {
  const refuse = () => {
    throw new FlixError('missing', 'missing-library', 'libx.so.1 is missing');
  };
  expect(() => chosen({}, { flix: refuse })).toThrow('libx.so.1 is missing');
});
