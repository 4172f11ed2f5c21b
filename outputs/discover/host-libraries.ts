/** Libraries of NVIDIA's driver: they must fit the kernel module, so a container gets them from its host. No package needs or provides them. */
const driver = new Set(
  [
    'libcuda.so.1 libcudadebugger.so.1 libnvcuvid.so.1 libnvoptix.so.1 libnvidia-allocator.so.1 libnvidia-api.so.1 libnvidia-cfg.so.1',
    'libnvidia-encode.so.1 libnvidia-fbc.so.1 libnvidia-gpucomp.so.1 libnvidia-ml.so.1 libnvidia-ngx.so.1 libnvidia-nvvm.so.4 libnvidia-opencl.so.1',
    'libnvidia-opticalflow.so.1 libnvidia-pkcs11.so.1 libnvidia-ptxjitcompiler.so.1 libnvidia-sandboxutils.so.1 libnvidia-vksc-core.so.1',
    'libnvidia-wayland-client.so.1 libEGL_nvidia.so.0 libGLESv1_CM_nvidia.so.1 libGLESv2_nvidia.so.2 libGLX_nvidia.so.0 libvdpau_nvidia.so.1',
    'libnvidia-egl-gbm.so.1 libnvidia-egl-wayland.so.1',
  ].flatMap((line) => line.split(' ')),
)

export function isHostLibrary(soname: string): boolean {
  return driver.has(soname)
}
