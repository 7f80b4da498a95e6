import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { PREFIX, wrapPlanOf, wrapRoot } from './flatwrap/plan.ts';
import { base, type Files, holds, LIB, planOf, PRIVATE, program, rootAt } from './plan.ts';

const at = scratch();
let roots = 0;
const place = () => at(`root-${roots++}`);
const library = (soname: string, ...needed: string[]): Files => ({
  [`${LIB}/${soname}`]: { soname, needed: [...needed, 'libc.so.6'] },
});

const caller: Files = {
  ...base,
  '/usr/bin/app': program({ references: ['getpwnam'] }),
  ...library('libnss_systemd.so.2', 'libcap.so.2'),
  ...library('libcap.so.2'),
  ...library('libnss_mdns4_minimal.so.2'),
};
const nsswitch = (passwd: string, hosts = 'files dns'): Files => ({
  '/etc/nsswitch.conf': { text: `# passwd: nis\npasswd: ${passwd}\nhosts:\t${hosts}\nservices: db files\n` },
});
const modules = (lines: readonly string[]) => lines.filter(line => /nss|cap/.test(line));
const reports = ({ remarks }: ReturnType<typeof planOf>) =>
  remarks.filter(({ code }) => code === 'name-service').map(({ message }) => message);

describe('modules of the name service', () => {
  it('come along in both modes with their libraries, if they work with any host and the programs ask them', () => {
    const names = ['libcap.so.2', 'libnss_systemd.so.2'];
    const plan = planOf(rootAt(place(), caller), ['/usr/bin/app']);
    expect(modules(holds(plan, PRIVATE))).toEqual(names.map(name => `${PRIVATE}/${name}`));
    expect(plan.needs.find(({ what }) => what === 'libnss_systemd.so.2')).toMatchObject({
      strength: 'required',
      verdict: 'brought',
    });
    const wrapped = wrapPlanOf(wrapRoot(place(), caller), ['/usr/bin/app']);
    expect(modules(holds(wrapped, PREFIX + LIB))).toEqual(names.map(name => `${PREFIX}${LIB}/${name}`));
    expect(wrapped.needs.map(({ what }) => what)).toContain('libnss_systemd.so.2');
  });

  it('stay behind if no program asks, or if they lack a library', () => {
    const silent = { ...caller, '/usr/bin/app': program() };
    expect(modules(holds(planOf(rootAt(place(), silent), ['/usr/bin/app']), PRIVATE))).toEqual([]);
    const { [`${LIB}/libcap.so.2`]: _, ...lacking } = caller;
    const plan = planOf(rootAt(place(), { ...lacking, ...nsswitch('files systemd') }), ['/usr/bin/app']);
    expect(modules(holds(plan, PRIVATE))).toEqual([]);
    expect(reports(plan)).toEqual([
      expect.stringMatching(
        /^the root asks systemd for passwd, but .* a library that it needs is missing\. Install that library/,
      ),
    ]);
  });

  it('are reported if nsswitch.conf of the root names them and they need not fit the service of a host', () => {
    const files = { ...caller, ...nsswitch('files systemd', 'files mdns4_minimal [NOTFOUND=return] dns') };
    const options = 'add --dlopen libnss_mdns4_minimal.so.2.';
    const plan = planOf(rootAt(place(), files), ['/usr/bin/app']);
    expect(reports(plan)).toEqual([
      expect.stringMatching(
        /^the root asks mdns4_minimal for hosts, but libnss_mdns4_minimal\.so\.2 is not brought/,
      ),
    ]);
    expect(reports(plan)[0]).toContain(options);
    const more = { dlopen: ['libnss_mdns4_minimal.so.2'] };
    expect(reports(planOf(rootAt(place(), files), ['/usr/bin/app'], more))).toEqual([]);
    expect(reports(wrapPlanOf(wrapRoot(place(), files), ['/usr/bin/app']))[0]).toContain(options);
  });

  it('are reported if only nsswitch.conf of the host names them', () => {
    const host = rootAt(place(), { ...base, ...nsswitch('compat sss winbind') });
    const plan = planOf(rootAt(place(), caller), ['/usr/bin/app'], { host });
    expect(reports(plan)).toEqual([
      expect.stringMatching(
        /^the host asks compat for passwd.*the root does not have it\. Install it there, if/,
      ),
      expect.stringMatching(/^the host asks sss for passwd.*Install it there, if/),
      expect.stringMatching(/^the host asks winbind.*and add --dlopen libnss_winbind\.so\.2, if/),
    ]);
  });
});
