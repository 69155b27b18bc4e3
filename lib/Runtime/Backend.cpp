#include "Runtime/Backend.h"

#include "Runtime/CpuBackend.h"
#include "Runtime/Cuda/CudaBackend.h"
#include "Runtime/Vulkan/VulkanBackend.h"

namespace lathe {

static constexpr Backend kBackends[] = {
    {DeviceKind::Cuda, listCuda, cudaMemory, whyNotOnCuda, createCudaExecutor},
    {DeviceKind::Vulkan, listVulkan, vulkanMemory, whyNotOnVulkan, createVulkanExecutor},
    {DeviceKind::Cpu, listCpu, cpuMemory, whyNotOnCpu, createCpuExecutor},
};

std::span<const Backend> backends() { return kBackends; }

} // namespace lathe
