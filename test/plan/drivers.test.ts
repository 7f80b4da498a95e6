import { describe, expect, it } from 'vitest';
import { driverOf, reasonForHostsDriver } from '../../src/needs/drivers.ts';
import { scratch } from '../io/scratch.ts';
import { PREFIX, wrapPlanOf, wrapRoot } from './flatwrap/plan.ts';
import { base, type Files, holds, LIB, planOf, program, refusal, rootAt } from './plan.ts';

const at = scratch();
let roots = 0;
const place = () => at(`root-${roots++}`);
const excluded = (name: string) => reasonForHostsDriver(name.slice(name.lastIndexOf('/') + 1));

const needing: Files = {
  '/usr/bin/app': program({ needed: ['libcuda.so.1', 'libc.so.6'] }),
  [`${LIB}/libcuda.so.1`]: { soname: 'libcuda.so.1', needed: ['libc.so.6'] },
};
const opening: Files = {
  '/usr/bin/app': program({ references: ['dlopen'], data: 'libcuda.so.1\0libvulkan_x.so\0' }),
  [`${LIB}/libcuda.so.1`]: { soname: 'libcuda.so.1', needed: ['libc.so.6'] },
  [`${LIB}/libvulkan_x.so`]: { soname: 'libvulkan_x.so', needed: ['libc.so.6'] },
};
const drivers = ({ needs }: ReturnType<typeof planOf>) =>
  needs
    .filter(({ owner }) => owner === 'machine')
    .map(({ what, strength, verdict }) => `${what}: ${strength}, ${verdict}`);
const LINK = `../../.usr-of-host`;

describe('the list of drivers', () => {
  it.each([
    ['libcuda.so.1', 'the NVIDIA driver'],
    ['libnvidia-ml.so.550.54.15', 'the NVIDIA driver'],
    ['libGLX_nvidia.so.0', 'the NVIDIA driver'],
    ['libvdpau_nvidia.so.1', 'the NVIDIA driver'],
    ['libhsakmt.so.1', 'the ROCm driver'],
    ['libvulkan_intel.so', 'a graphics driver of Mesa'],
    ['iris_dri.so', 'a graphics driver of Mesa'],
    ['iHD_drv_video.so', 'a video driver'],
    ['libRusticlOpenCL.so.1', 'a driver for OpenCL'],
    ['libze_intel_gpu.so.1', 'a driver for Level Zero'],
  ])('has %s', (name, driver) => {
    expect(driverOf(name)?.name).toBe(driver);
  });

  it.each([
    'libcudart.so.12',
    'libnvidia-container.so.1',
    'libvulkan.so.1',
    'libGLX.so.0',
    'libOpenCL.so.1',
    'libva.so.2',
  ])('does not have %s, which only leads to a driver', name => {
    expect(driverOf(name)).toBeUndefined();
  });
});

describe('in Flix mode, a driver that has to fit the kernel', () => {
  it('is refused where a program cannot start without it, unless the loader is not sealed', () => {
    const root = rootAt(place(), { ...base, ...needing });
    const { code, message } = refusal(() => planOf(root, ['/usr/bin/app'], { excluded }));
    expect(code).toBe('driver-library');
    expect(message).toMatch(
      /^\/usr\/bin\/app needs libcuda\.so\.1: it is a part of the NVIDIA driver, which/,
    );
    const open = planOf(root, ['/usr/bin/app'], { excluded, seal: 'none' });
    expect(holds(open).filter(line => line.includes('cuda'))).toEqual([]);
  });

  it('stays open with the reason where a program may open it, like one for devices', () => {
    const plan = planOf(rootAt(place(), { ...base, ...opening }), ['/usr/bin/app'], {
      excluded,
      needs: 'recommended',
    });
    expect(drivers(plan)).toEqual(['libcuda.so.1: suggested, open', 'libvulkan_x.so: suggested, open']);
    const cuda = plan.needs.find(({ what }) => what === 'libcuda.so.1');
    expect(cuda?.because).toContain('use --mode flatwrap, which shows it');
    expect(holds(plan).filter(line => /cuda|vulkan/.test(line))).toEqual([]);
    const named = planOf(rootAt(place(), { ...base, ...opening }), ['/usr/bin/app'], {
      dlopen: ['libvulkan_x.so'],
    });
    expect(holds(named, '/usr/local/app/lib/libvulkan')).toHaveLength(1);
  });
});

describe('in Flatwrap mode, a driver that has to fit the kernel', () => {
  it.each([
    ['is needed', needing, 'libcuda.so.1: required, bridged'],
    ['may be opened', opening, 'libcuda.so.1: suggested, bridged'],
  ])('is bridged by links to where hosts have it if it %s', (_, files, need) => {
    const plan = wrapPlanOf(wrapRoot(place(), files), ['/usr/bin/app'], { request: { excluded } });
    expect(drivers(plan)[0]).toBe(need);
    expect(holds(plan).filter(line => line.includes('libcuda'))).toEqual([
      `${PREFIX}/usr/lib/libcuda.so.1 -> ../.usr-of-host/lib64/libcuda.so.1`,
      `${PREFIX}${LIB}/libcuda.so.1 -> ${LINK}/lib/x86_64-linux-gnu/libcuda.so.1`,
    ]);
    expect(holds(plan).filter(line => line.includes('libnvidia-ptxjitcompiler'))).toHaveLength(2);
    expect(plan.wrapped?.wrapping.mounts[0]).toEqual({
      from: '/usr',
      to: `${PREFIX}/usr/.usr-of-host`,
      kind: 'rbind',
    });
  });

  it('is left out of a whole root, and the host’s /usr is shown only for a driver', () => {
    const whole = wrapPlanOf(wrapRoot(place(), needing), ['/usr/bin/app'], {
      trim: false,
      request: { excluded },
    });
    expect(holds(whole, `${PREFIX}${LIB}/libcuda`)).toEqual([expect.stringContaining(LINK)]);
    const none = wrapPlanOf(wrapRoot(place()), ['/usr/bin/app'], { request: { excluded } });
    expect(none.wrapped?.wrapping.mounts.map(({ from }) => from)).not.toContain('/usr');
  });
});
