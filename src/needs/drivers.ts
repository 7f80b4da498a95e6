/** The user-space part of a driver. */
export interface Driver {
  /** `the NVIDIA driver` */
  readonly name: string;
  /** Matches the names of its libraries, without directories. */
  readonly libraries: RegExp;
  /**
   * What it has to fit. `kernel`: the very version of the module in the kernel, so that only the host has the right one.
   * `devices`: those of the machine; the interface to the kernel is stable.
   */
  readonly fits: 'kernel' | 'devices';
  /** Libraries of the same driver that it opens by name. */
  readonly opens?: readonly string[];
}

/**
 * Libraries that programs open by name, or need, and that no tree brings.
 *
 * Sources: “Installed components” of the README of NVIDIA's driver, and the lists in libnvidia-container
 * (src/nvc_info.c), which leave out its own libnvidia-container and the separate libnvidia-egl-*; ROCm's “User and
 * kernel-space support matrix” (the thunk libhsakmt); Mesa's meson.build (dri, gbm, gallium, vulkan); libva
 * (va/va.c, `%s_drv_video.so`); libvdpau (src/vdpau_wrapper.c, `libvdpau_%s.so`); the OpenCL extension cl_khr_icd; the
 * Level Zero loader (source/driver_discovery/linux).
 */
const drivers: readonly Driver[] = [
  {
    name: 'the NVIDIA driver',
    libraries:
      /^lib(?:cuda|cudadebugger|nvcuvid|nvoptix|nvidia-(?!container|egl-)[\w-]+|(?:GLX|EGL|GLESv1_CM|GLESv2|vdpau)_nvidia)\.so(?:\.|$)/,
    fits: 'kernel',
    opens: ['libnvidia-ml.so.1', 'libnvidia-nvvm.so.4', 'libnvidia-ptxjitcompiler.so.1'],
  },
  { name: 'the ROCm driver', libraries: /^libhsakmt\.so(?:\.|$)/, fits: 'kernel' },
  {
    name: 'a graphics driver of Mesa',
    libraries:
      /^(?:lib(?:GLX|EGL)_mesa\.so|libgallium(?:-[\d.]+|_dri)\.so|libvulkan_\w+\.so|\w+_dri\.so|dri_gbm\.so)/,
    fits: 'devices',
  },
  { name: 'a video driver', libraries: /^\w+_drv_video\.so|^libvdpau_\w+\.so/, fits: 'devices' },
  {
    name: 'a driver for OpenCL',
    libraries: /^lib(?:MesaOpenCL|RusticlOpenCL|amdocl\d*|igdrcl)\.so/,
    fits: 'devices',
  },
  { name: 'a driver for Level Zero', libraries: /^libze_intel_\w+\.so/, fits: 'devices' },
];

/** Returns the driver of which a library is a part. @param name without directories */
export function driverOf(name: string): Driver | undefined {
  return drivers.find(({ libraries }) => libraries.test(name));
}

/** Returns why a tree must not bring a library of a driver that has to fit the kernel; `undefined`: it may. @param name without directories */
export function reasonForHostsDriver(name: string): string | undefined {
  const driver = driverOf(name);
  return driver?.fits === 'kernel'
    ? `it is a part of ${driver.name}, which has to fit the kernel of the host`
    : undefined;
}
